import ts from "typescript";
import { type DeclarationKind, isOfCell } from "./declarations.js";
import { isReference } from "./is-reference.js";

/**
 * What an identifier stands for: a name of the notebook; one that the notebook may have by the time it is needed; or
 * anything else, such as a parameter or a global.
 */
export type Target = "notebook" | "later" | "other";

export interface NotebookNames {
  checker: ts.TypeChecker;
  /** Of this cell. */
  declarations: ReadonlyMap<string, DeclarationKind>;
  /** Names that earlier cells have given a value. */
  known: ReadonlySet<string>;
}

/** Tells for an identifier in its original place what it stands for. */
export function createResolver({ checker, declarations, known }: NotebookNames) {
  return function resolve(node: ts.Identifier): Target {
    if (!isReference(node)) return "other";
    const kind = declarations.get(node.text);
    if (kind === "using") return "other";
    const isOwn = kind !== undefined && kind !== "type";
    const isKnown = known.has(node.text);
    if (!isOwn && !isKnown) return isLater(node) ? "later" : "other";
    const symbol = symbolOf(checker, node);
    const local = symbol?.declarations?.filter((declaration) => declaration.kind !== undefined) ?? [];
    if (local.length === 0) return isKnown || isOwn ? "notebook" : "other";
    if (!local.some(isOfCell)) return "other";
    if (!isOwn) return isKnown ? "notebook" : "other"; // `interface X` beside an earlier cell's `const X`
    return local.some((declaration) => isInside(node, declaration)) ? "other" : "notebook";
  };

  /** A function may use what a later cell declares, where types are not checked or errors only warned of. */
  function isLater(node: ts.Identifier): boolean {
    if (node.text in globalThis || !isInFunction(node)) return false;
    return !["arguments", "undefined", "require", "exports"].includes(node.text) && !symbolOf(checker, node);
  }
}

function symbolOf(checker: ts.TypeChecker, node: ts.Identifier): ts.Symbol | undefined {
  if (ts.isShorthandPropertyAssignment(node.parent))
    return checker.getShorthandAssignmentValueSymbol(node.parent);
  return checker.getSymbolAtLocation(node);
}

/** A function, class, enum or namespace knows itself by its own name: faster, and as it was when it was made. */
function isInside(node: ts.Node, declaration: ts.Declaration): boolean {
  const isSelfNamed =
    ts.isFunctionDeclaration(declaration) ||
    ts.isClassDeclaration(declaration) ||
    ts.isEnumDeclaration(declaration) ||
    ts.isModuleDeclaration(declaration);
  return isSelfNamed && node.pos >= declaration.pos && node.end <= declaration.end;
}

/** Whether the code runs later than what stands around it; so do initial values of a class's properties. */
function isInFunction(node: ts.Node): boolean {
  return (
    ts.findAncestor(node, (around) => ts.isFunctionLike(around) || ts.isPropertyDeclaration(around)) !==
    undefined
  );
}
