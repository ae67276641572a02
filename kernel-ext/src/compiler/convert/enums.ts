import ts from "typescript";

/**
 * `enum E { a = Other.x, b }` with `b = E.a + 1`: what a member of another cell's enum is, only the type checker knows,
 * and without that TypeScript does not count on.
 */
export function countMembers(node: ts.EnumDeclaration, factory: ts.NodeFactory): ts.EnumDeclaration {
  let previous: ts.EnumMember | undefined;
  const members = node.members.map((member) => {
    const before = previous;
    previous = member;
    // From the first one on TypeScript counts by itself.
    return member.initializer || !before ? member : withSuccessor(member, before, node, factory);
  });
  return factory.updateEnumDeclaration(node, node.modifiers, node.name, members);
}

function withSuccessor(
  member: ts.EnumMember,
  before: ts.EnumMember,
  { name }: ts.EnumDeclaration,
  factory: ts.NodeFactory,
): ts.EnumMember {
  const key = ts.isComputedPropertyName(before.name) ? before.name.expression : before.name;
  const index = ts.isIdentifier(key) ? factory.createStringLiteral(key.text) : (key as ts.Expression);
  const value = factory.createElementAccessExpression(factory.createIdentifier(name.text), index);
  return factory.updateEnumMember(
    member,
    member.name,
    factory.createAdd(value, factory.createNumericLiteral(1)),
  );
}
