import type { Statement } from "@tslab/typescript-for-tslab";
import { ts } from "./tslab-typescript.js";

/**
 * What a cell that failed half-way leaves to later cells: all its types, imports and functions, and of its variables
 * and classes those that had got a value by then.
 *
 * @param declarations what cells declare, as the text of a declaration file
 * @param hasValue whether a variable of that name has a value
 */
export function keepAssigned(declarations: string, hasValue: (name: string) => boolean): string {
  const file = parse(declarations);
  return file.statements.flatMap((statement) => keepOf(statement, hasValue)).join("\n");
}

/** Names of the variables, classes and enums that are declared. */
export function declaredNames(declarations: string): Set<string> {
  const names = new Set<string>();
  keepAssigned(declarations, (name) => names.add(name).has(name));
  return names;
}

function keepOf(statement: Statement, hasValue: (name: string) => boolean): string[] {
  if (ts.isVariableStatement(statement)) {
    const { declarations, flags } = statement.declarationList;
    const kept = declarations.filter(({ name }) => ts.isIdentifier(name) && hasValue(name.text));
    if (kept.length === 0) return [];
    const keyword = flags & ts.NodeFlags.Const ? "const" : flags & ts.NodeFlags.Let ? "let" : "var";
    return [`declare ${keyword} ${kept.map((declaration) => declaration.getText()).join(", ")};`];
  }
  const hasRuntimeValue = ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement);
  if (hasRuntimeValue && !hasValue(statement.name?.text ?? "")) return [];
  return [statement.getText()];
}

function parse(declarations: string) {
  return ts.createSourceFile("cells.d.ts", declarations, ts.ScriptTarget.Latest, true);
}
