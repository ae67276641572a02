import ts from "typescript";

/** What the names by which converted code reaches the kernel begin with: nobody's own text is to look like them. */
export const internalPrefix = "$latentlab_";

/** Operators by which a variable names a function that it is given. */
export const namingOperators: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

/**
 * A function or class without a name takes it from the variable that it is given to, but not from a property of the
 * scope: `{ f: () => 1 }.f` for `() => 1`.
 *
 * @param original as it stands in the cell
 * @param value what it has become
 */
export function giveName(
  name: string,
  original: ts.Expression,
  value: ts.Expression,
  factory: ts.NodeFactory,
): ts.Expression {
  if (!isAnonymous(skipOuter(original))) return value;
  const property = factory.createPropertyAssignment(keyOf(name, factory), value);
  return factory.createPropertyAccessExpression(factory.createObjectLiteralExpression([property]), name);
}

/** A property's name in an object literal, where `__proto__: x` would be no property. */
export function keyOf(name: string, factory: ts.NodeFactory): ts.PropertyName {
  return name === "__proto__"
    ? factory.createComputedPropertyName(factory.createStringLiteral(name))
    : factory.createIdentifier(name);
}

/** What is left of `(x as T)!` when types are erased. */
export function skipOuter(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node)
    ? skipOuter(node.expression)
    : node;
}

function isAnonymous(node: ts.Expression): boolean {
  if (ts.isArrowFunction(node)) return true;
  return (ts.isFunctionExpression(node) || ts.isClassExpression(node)) && node.name === undefined;
}
