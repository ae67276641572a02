import ts from "typescript";

/** How declarations of a pattern become assignments to it. */
export interface Assignments {
  factory: ts.NodeFactory;
  /** What a name becomes as the target of an assignment. */
  target(name: ts.Identifier): ts.Expression;
  visit(node: ts.Expression): ts.Expression;
  /** What becomes of a value that the name is declared with. */
  value(initializer: ts.Expression, name: ts.BindingName): ts.Expression;
}

/** `{ a, b: [c = 1], ...rest }` as it stands in a declaration, made into the left side of an assignment. */
export function toAssignmentTarget(name: ts.BindingName, assignments: Assignments): ts.Expression {
  const { factory, target } = assignments;
  if (ts.isIdentifier(name)) return target(name);
  if (ts.isArrayBindingPattern(name)) {
    return factory.createArrayLiteralExpression(
      name.elements.map((element) => {
        if (ts.isOmittedExpression(element)) return element;
        const part = toAssignmentTarget(element.name, assignments);
        return element.dotDotDotToken
          ? factory.createSpreadElement(part)
          : withDefault(part, element, assignments);
      }),
    );
  }
  return factory.createObjectLiteralExpression(
    name.elements.map((element) => {
      const part = toAssignmentTarget(element.name, assignments);
      if (element.dotDotDotToken) return factory.createSpreadAssignment(part);
      const key = element.propertyName ?? factory.createIdentifier((element.name as ts.Identifier).text);
      return factory.createPropertyAssignment(
        visitKey(key, assignments),
        withDefault(part, element, assignments),
      );
    }),
  );
}

function withDefault(
  target: ts.Expression,
  { initializer, name }: ts.BindingElement,
  { factory, value }: Assignments,
): ts.Expression {
  return initializer ? factory.createAssignment(target, value(initializer, name)) : target;
}

function visitKey(key: ts.PropertyName, { factory, visit }: Assignments): ts.PropertyName {
  return ts.isComputedPropertyName(key) ? factory.createComputedPropertyName(visit(key.expression)) : key;
}
