import path from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { declared, folder, readLibrary } from "./program.js";

/** The declaration of a function that a call calls, if it is one of the library's. */
function bodyOf(called: ts.Symbol | undefined): ts.Node | undefined {
  const declaration = called?.valueDeclaration;
  if (!declaration?.getSourceFile().fileName.startsWith(path.join(folder, "src"))) return undefined;
  if (ts.isFunctionDeclaration(declaration)) return declaration;
  return ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
}

it("every exported function that throws, or calls one that does, says so in its doc comment", () => {
  const { checker, exports } = readLibrary();
  const known = new Map<ts.Node, boolean>();
  const throws = (node: ts.Node): boolean => {
    const before = known.get(node);
    if (before !== undefined) return before;
    known.set(node, false); // where it calls itself
    const visit = (child: ts.Node): boolean => {
      if (ts.isThrowStatement(child)) return true;
      const called = ts.isCallExpression(child) && checker.getSymbolAtLocation(child.expression);
      const body = called ? bodyOf(declared(checker, called)) : undefined;
      return (body !== undefined && throws(body)) || (ts.forEachChild(child, visit) ?? false);
    };
    const result = ts.forEachChild(node, visit) ?? false;
    known.set(node, result);
    return result;
  };

  const functions = exports.filter(({ declarations }) => declarations?.some(ts.isFunctionDeclaration));
  expect(functions.length).toBeGreaterThan(150);
  const silent = functions.filter(
    (symbol) =>
      symbol.declarations?.some(
        (declaration) => ts.isFunctionDeclaration(declaration) && throws(declaration),
      ) && !symbol.getJsDocTags(checker).some(({ name }) => name === "throws"),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
}, 60_000);
