import ts from "typescript";

/** `await $cells.checkpoint(awaited)` */
export function checkpointedAwait(
  node: ts.AwaitExpression,
  awaited: ts.Expression,
  cells: ts.Expression,
  factory: ts.NodeFactory,
): ts.AwaitExpression {
  const call = callOf("checkpoint", awaited, cells, factory);
  return factory.updateAwaitExpression(node, ts.setTextRange(call, node.expression));
}

/** `for await (const x of $cells.checkpointEach(source))` */
export function checkpointedLoop(
  node: ts.ForOfStatement,
  visited: ts.ForOfStatement,
  cells: ts.Expression,
  factory: ts.NodeFactory,
): ts.ForOfStatement {
  const { awaitModifier, initializer, expression, statement } = visited;
  const source = callOf("checkpointEach", expression, cells, factory);
  return factory.updateForOfStatement(node, awaitModifier, initializer, source, statement);
}

const chainingMethods = new Set(["then", "catch", "finally"]);

/** `promise.then($cells.callback(f))`; whatever else has a method of that name, its functions are called as ever. */
export function checkpointedChain<Node extends ts.Node>(
  node: Node,
  cells: ts.Expression,
  factory: ts.NodeFactory,
): Node | ts.CallExpression {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return node;
  if (!chainingMethods.has(node.expression.name.text)) return node;
  const { expression, questionDotToken, typeArguments } = node;
  const args = node.arguments.map((argument) =>
    ts.isSpreadElement(argument)
      ? argument
      : ts.setTextRange(callOf("callback", argument, cells, factory), argument),
  );
  return ts.isCallChain(node)
    ? factory.updateCallChain(node, expression, questionDotToken, typeArguments, args)
    : factory.updateCallExpression(node, expression, typeArguments, args);
}

/** Puts a checkpoint at every `await` and chained callback of a file that cells import. */
export function weaveCheckpoints(cellsName: string): ts.TransformerFactory<ts.SourceFile> {
  return (context) => {
    const { factory } = context;
    const cells = factory.createIdentifier(cellsName);
    const visit = (node: ts.Node): ts.Node => {
      const visited = ts.visitEachChild(node, visit, context);
      if (ts.isAwaitExpression(visited))
        return checkpointedAwait(visited, visited.expression, cells, factory);
      if (ts.isForOfStatement(visited) && visited.awaitModifier)
        return checkpointedLoop(visited, visited, cells, factory);
      return checkpointedChain(visited, cells, factory);
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}

function callOf(method: string, argument: ts.Expression, cells: ts.Expression, factory: ts.NodeFactory) {
  const callee = factory.createPropertyAccessExpression(cells, method);
  return factory.createCallExpression(callee, undefined, [argument]);
}
