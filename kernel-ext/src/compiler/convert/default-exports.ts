import ts from "typescript";

type Declaration = ts.FunctionDeclaration | ts.ClassDeclaration;

/** `export default function () {}` */
export function isWithoutName(node: ts.Node): node is Declaration {
  return (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name === undefined;
}

/** Without the words before it, a declaration needs a name. */
export function withName(node: Declaration, factory: ts.NodeFactory): Declaration {
  const name = factory.createUniqueName("default");
  const { modifiers, typeParameters } = node;
  if (ts.isClassDeclaration(node)) {
    const { heritageClauses: heritage, members } = node;
    return factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritage, members);
  }
  const { asteriskToken: star, parameters, type, body } = node;
  return factory.updateFunctionDeclaration(
    node,
    modifiers,
    star,
    name,
    typeParameters,
    parameters,
    type,
    body,
  );
}
