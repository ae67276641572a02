import ts from "typescript";

/** How a name of a cell comes about; decides what becomes of it in the converted code and in the types of later cells. */
export type DeclarationKind =
  | "variable"
  | "constant"
  | "function"
  | "class"
  | "enum"
  | "namespace"
  | "import"
  /** `import a = N.b` */
  | "alias"
  /** No value at run time: an interface, a type alias, an ambient declaration. */
  | "type"
  /** Disposed of when the cell ends, and so nothing for later cells. */
  | "using";

/** What a cell declares at its top level, with `var` of nested blocks: names and how they come about. */
export function findDeclarations(file: ts.SourceFile): Map<string, DeclarationKind> {
  const found = new Map<string, DeclarationKind>();
  for (const statement of file.statements) {
    for (const [name, kind] of declarationsOf(statement)) {
      // An interface beside a constant of the same name: the value decides.
      if (kind !== "type" || !found.has(name)) found.set(name, kind);
    }
  }
  return found;
}

function declarationsOf(statement: ts.Statement): [string, DeclarationKind][] {
  if (isAmbient(statement)) return namesOfAmbient(statement).map((name) => [name, "type"]);
  if (ts.isVariableStatement(statement)) return namesOfList(statement.declarationList);
  if (ts.isFunctionDeclaration(statement)) return named(statement, "function");
  if (ts.isClassDeclaration(statement)) return named(statement, "class");
  if (ts.isEnumDeclaration(statement)) return named(statement, "enum");
  if (ts.isModuleDeclaration(statement)) return named(statement, "namespace");
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    return named(statement, "type");
  if (ts.isImportEqualsDeclaration(statement)) {
    if (statement.isTypeOnly) return named(statement, "type");
    return named(statement, ts.isExternalModuleReference(statement.moduleReference) ? "import" : "alias");
  }
  if (ts.isImportDeclaration(statement)) {
    return namesOfImport(statement).map(({ local, isType }) => [local, isType ? "type" : "import"]);
  }
  return namesOfNestedVar(statement).map((name) => [name, "variable"]);
}

function named(statement: { name?: ts.Node }, kind: DeclarationKind): [string, DeclarationKind][] {
  return statement.name && ts.isIdentifier(statement.name) ? [[statement.name.text, kind]] : [];
}

/** `declare const x: number`: something for the type checker alone. */
export function isAmbient(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) ?? false;
}

function namesOfAmbient(statement: ts.Statement): string[] {
  if (statement.flags & ts.NodeFlags.GlobalAugmentation) return []; // `declare global`
  if (ts.isVariableStatement(statement)) return namesOfList(statement.declarationList).map(([name]) => name);
  return named(statement as ts.Statement & { name?: ts.Node }, "type").map(([name]) => name);
}

function namesOfList(list: ts.VariableDeclarationList): [string, DeclarationKind][] {
  const kind = kindOfList(list);
  return list.declarations.flatMap(({ name }) => namesOfBinding(name)).map((name) => [name, kind]);
}

export function kindOfList(list: ts.VariableDeclarationList): "variable" | "constant" | "using" {
  const scope = list.flags & ts.NodeFlags.BlockScoped;
  if (scope === ts.NodeFlags.Using || scope === ts.NodeFlags.AwaitUsing) return "using";
  return scope === ts.NodeFlags.Const ? "constant" : "variable";
}

/** Declared by the word `var`. */
export function isVar({ flags }: ts.VariableDeclarationList): boolean {
  return (flags & ts.NodeFlags.BlockScoped) === 0;
}

/** `a`, or all names of a pattern such as `{ a, b: [c] }`. */
export function namesOfBinding(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : namesOfBinding(element.name),
  );
}

export interface ImportedName {
  /** In the cell. */
  local: string;
  /** In the module; `*` stands for all of it. */
  imported: string;
  isType: boolean;
}

export function namesOfImport({ importClause }: ts.ImportDeclaration): ImportedName[] {
  if (!importClause) return [];
  const names: ImportedName[] = [];
  const allTypes = importClause.isTypeOnly;
  const { name, namedBindings } = importClause;
  if (name) names.push({ local: name.text, imported: "default", isType: allTypes });
  if (namedBindings && ts.isNamespaceImport(namedBindings)) {
    names.push({ local: namedBindings.name.text, imported: "*", isType: allTypes });
  } else if (namedBindings) {
    for (const { name, propertyName, isTypeOnly } of namedBindings.elements) {
      names.push({
        local: name.text,
        imported: (propertyName ?? name).text,
        isType: allTypes || isTypeOnly,
      });
    }
  }
  return names;
}

/** `for (var i = 0; ...)` and `if (x) { var y }` declare variables of the whole cell. */
function namesOfNestedVar(statement: ts.Statement): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (startsScope(node)) return;
    if (ts.isVariableDeclarationList(node) && isVar(node)) {
      names.push(...namesOfList(node).map(([name]) => name));
    }
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return names;
}

/**
 * Variables by `var` that are there before their declaration is reached, or without it: `if (x) { var y = 1 }`. Where
 * the declaration itself gives a value in any case, they are left out.
 */
export function findHoistedVariables(file: ts.SourceFile): Set<string> {
  const found = new Set<string>();
  for (const statement of file.statements) {
    if (isAmbient(statement)) continue;
    if (!ts.isVariableStatement(statement)) for (const name of namesOfNestedVar(statement)) found.add(name);
    else if (isVar(statement.declarationList)) {
      const { declarations } = statement.declarationList;
      for (const { name, initializer } of declarations)
        if (!initializer) for (const text of namesOfBinding(name)) found.add(text);
    }
  }
  return found;
}

/** Those that no statement at the top level declares. */
export function findNestedVariables(file: ts.SourceFile): string[] {
  const nested = file.statements.filter((one) => !isAmbient(one) && !ts.isVariableStatement(one));
  return nested.flatMap(namesOfNestedVar);
}

/** Whether `var` inside of the node is not the cell's. */
export function startsScope(node: ts.Node): boolean {
  return (
    ts.isFunctionLike(node) ||
    ts.isClassLike(node) ||
    ts.isModuleBlock(node) ||
    ts.isClassStaticBlockDeclaration(node)
  );
}

/** Whether the declaration is one of {@link findDeclarations}'s. */
export function isOfCell(declaration: ts.Declaration): boolean {
  const root = ts.isBindingElement(declaration) ? rootOf(declaration) : declaration;
  if (ts.isVariableDeclaration(root)) {
    const list = root.parent;
    if (!ts.isVariableDeclarationList(list)) return false; // of a catch clause
    if (!isVar(list)) {
      return ts.isVariableStatement(list.parent) && ts.isSourceFile(list.parent.parent);
    }
    let container: ts.Node = list;
    while (!ts.isSourceFile(container)) {
      if (startsScope(container)) return false;
      container = container.parent;
    }
    return true;
  }
  if (ts.isImportSpecifier(root) || ts.isNamespaceImport(root) || ts.isImportClause(root)) return true;
  return ts.isSourceFile(root.parent) && !ts.isSourceFile(root);
}

function rootOf(element: ts.BindingElement): ts.Declaration {
  let node: ts.Node = element;
  while (ts.isBindingElement(node)) node = node.parent.parent;
  return node as ts.Declaration;
}
