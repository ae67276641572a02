import ts from "typescript";
import { namesOfImport } from "./declarations.js";
import { keyOf } from "./naming.js";

/**
 * `import a, { b as c } from "m"` as `$cells.bind(await $cells.import("m"), { a: "default", c: "b" });`, which puts the
 * names into the notebook. Nothing for an import of types alone.
 */
export function toImportStatement(
  declaration: ts.ImportDeclaration,
  runtime: ts.Identifier,
  factory: ts.NodeFactory,
): ts.Statement | undefined {
  const names = namesOfImport(declaration).filter(({ isType }) => !isType);
  if (declaration.importClause && names.length === 0 && mentionsOnlyTypes(declaration.importClause))
    return undefined;
  const call = factory.createAwaitExpression(
    importCall([declaration.moduleSpecifier, ...attributesOf(declaration, factory)], runtime, factory),
  );
  const bound = factory.createObjectLiteralExpression(
    names.map(({ local, imported }) =>
      factory.createPropertyAssignment(keyOf(local, factory), factory.createStringLiteral(imported)),
    ),
  );
  const bind = factory.createPropertyAccessExpression(runtime, "bind");
  const expression = names.length === 0 ? call : factory.createCallExpression(bind, undefined, [call, bound]);
  return ts.setTextRange(factory.createExpressionStatement(expression), declaration);
}

/** `$cells.import(...)`, in place of JavaScript's own, which would not start from the notebook's folder. */
export function importCall(
  args: readonly ts.Expression[],
  runtime: ts.Identifier,
  factory: ts.NodeFactory,
): ts.CallExpression {
  const callee = factory.createPropertyAccessExpression(runtime, "import");
  return factory.createCallExpression(callee, undefined, args);
}

/** `import {} from "m"` loads the module; `import { type T } from "m"` does not, as TypeScript has it by default. */
function mentionsOnlyTypes({ isTypeOnly, name, namedBindings }: ts.ImportClause): boolean {
  if (isTypeOnly) return true;
  return !name && !!namedBindings && ts.isNamedImports(namedBindings) && namedBindings.elements.length > 0;
}

/** `with { type: "json" }` as the second argument of a dynamic import. */
function attributesOf({ attributes }: ts.ImportDeclaration, factory: ts.NodeFactory): ts.Expression[] {
  if (!attributes) return [];
  const properties = attributes.elements.map(({ name, value }) => {
    const key = ts.isIdentifier(name)
      ? factory.createIdentifier(name.text)
      : factory.createStringLiteral(name.text);
    return factory.createPropertyAssignment(key, value);
  });
  const attributesObject = factory.createObjectLiteralExpression(properties);
  return [
    factory.createObjectLiteralExpression([factory.createPropertyAssignment("with", attributesObject)]),
  ];
}
