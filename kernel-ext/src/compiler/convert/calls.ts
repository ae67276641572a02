import ts from "typescript";
import { skipOuter } from "./naming.js";

/** What calls a function: as such, for a template, or for a class. */
export type Call = ts.CallExpression | ts.TaggedTemplateExpression | ts.Decorator;

export function isCall(node: ts.Node): node is Call {
  return ts.isCallExpression(node) || ts.isTaggedTemplateExpression(node) || ts.isDecorator(node);
}

/**
 * `(0, $scope.f)(...)`: what was called by its name alone is not called as a method of the scope.
 *
 * @param node as it stands in the cell
 * @param visited what it has become
 */
export function callWithoutReceiver(node: Call, visited: Call, factory: ts.NodeFactory): Call {
  const callee = calleeOf(visited);
  if (callee === calleeOf(node) || !ts.isIdentifier(skipOuter(calleeOf(node)))) return visited;
  // JavaScript says that the call is where the arguments begin; readers, that it is where the name does.
  ts.setEmitFlags(callee, ts.EmitFlags.NoTrailingSourceMap);
  const alone = factory.createParenthesizedExpression(
    factory.createComma(factory.createNumericLiteral(0), callee),
  );
  return withCallee(visited, alone, factory);
}

function calleeOf(node: Call): ts.Expression {
  return ts.isTaggedTemplateExpression(node) ? node.tag : node.expression;
}

function withCallee(node: Call, callee: ts.Expression, factory: ts.NodeFactory): Call {
  if (ts.isDecorator(node)) return factory.updateDecorator(node, callee);
  if (ts.isTaggedTemplateExpression(node))
    return factory.updateTaggedTemplateExpression(node, callee, node.typeArguments, node.template);
  const { questionDotToken, typeArguments, arguments: args } = node;
  return ts.isCallChain(node)
    ? factory.updateCallChain(node, callee, questionDotToken, typeArguments, args)
    : factory.updateCallExpression(node, callee, typeArguments, args);
}
