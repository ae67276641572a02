import ts from "typescript";
import { parse } from "../convert/convert-cell.js";
import type { Completeness } from "./messages.js";

/** Errors by which TypeScript says that a literal or a comment goes on: they begin where that began. */
const unterminatedCodes = new Set([
  1010, // '*/' expected.
  1160, // Unterminated template literal.
]);

/** A quoted string does not go on in the next line. */
const unterminatedString = 1002;

const indentUnit = "    ";

/** Whether code can be run, cannot become valid by going on, or is not finished. */
export function checkCompleteness(code: string): Completeness {
  const file = parse(code) as ts.SourceFile & { parseDiagnostics?: ts.DiagnosticWithLocation[] };
  const diagnostics = file.parseDiagnostics ?? [];
  if (diagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const isUnfinished = ({ code, start }: ts.DiagnosticWithLocation) =>
    unterminatedCodes.has(code) || (start >= end && code !== unterminatedString);
  if (!diagnostics.every(isUnfinished)) return { status: "invalid" };
  return { status: "incomplete", indent: indentUnit.repeat(openBrackets(file)) };
}

/** How many brackets are open at the end of the code; those of texts and regular expressions are none. */
function openBrackets(file: ts.SourceFile): number {
  let depth = 0;
  const visit = (node: ts.Node): void => {
    if (opening.has(node.kind)) depth++;
    else if (closing.has(node.kind) && node.getWidth(file) > 0) depth--;
    else node.getChildren(file).forEach(visit);
  };
  visit(file);
  return Math.max(0, depth);
}

const opening = new Set([
  ts.SyntaxKind.OpenBraceToken,
  ts.SyntaxKind.OpenParenToken,
  ts.SyntaxKind.OpenBracketToken,
]);
const closing = new Set([
  ts.SyntaxKind.CloseBraceToken,
  ts.SyntaxKind.CloseParenToken,
  ts.SyntaxKind.CloseBracketToken,
]);
