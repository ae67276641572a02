import ts from "typescript";
import { expect, it } from "vitest";
import { readLibrary } from "./program.js";

/** `[batch, height, width, channels]` or `[..., channels]`, not an interval. */
const shapeInText = /`\[(\.\.\.|[a-z][A-Za-z]*[,\]])[^`]*`/;

it("every exported function that takes or returns tensors, or arrays with a shape, tells it in its doc comment", () => {
  const { checker, exports } = readLibrary();
  /** Of tensors and arrays, also in a list, a promise, an object of them such as a batch. A scalar has no shape to tell. */
  const hasShape = (type: ts.Type, inObject = false): boolean => {
    const some = (types: readonly ts.Type[]) => types.some((part) => hasShape(part, inObject));
    if (type.isUnionOrIntersection()) return some(type.types);
    if (type.flags & ts.TypeFlags.TypeParameter) return some([type.getConstraint() ?? checker.getAnyType()]);
    if (!(type.flags & ts.TypeFlags.Object)) return false;
    const name = type.symbol?.name ?? "";
    if (["Promise", "Array", "ReadonlyArray"].includes(name) || checker.isTupleType(type))
      return some(checker.getTypeArguments(type as ts.TypeReference));
    if (["Tensor", "Variable"].includes(name)) return !/R0|Scalar/.test(checker.typeToString(type));
    if (type.getProperty("data") && type.getProperty("shape")) return true;
    if (inObject || type.getCallSignatures().length > 0) return false;
    return type.getProperties().some((property) => hasShape(checker.getTypeOfSymbol(property), true));
  };
  const withShape = exports.filter((symbol) => {
    if (!(symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable))) return false;
    const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
    if (!signature) return false;
    const parameters = signature.parameters.map((parameter) => checker.getTypeOfSymbol(parameter));
    return [...parameters, signature.getReturnType()].some((type) => hasShape(type));
  });
  expect(withShape.length).toBeGreaterThan(90);
  const textOf = ({ declarations = [] }: ts.Symbol) =>
    declarations.flatMap(ts.getJSDocCommentsAndTags).map((comment) => comment.getText());
  const silent = withShape.filter((symbol) => !shapeInText.test(textOf(symbol).join()));
  expect(silent.map(({ name }) => name)).toEqual([]);
}, 60_000);
