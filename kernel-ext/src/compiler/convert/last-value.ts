import ts from "typescript";

/** The property of tslab's `exports` in which its executor looks for the cell's value. */
export const lastValueName = "tsLastExpr";

/** The statement whose value is the cell's. */
export function findLastValue(file: ts.SourceFile): ts.Statement | undefined {
  const last = file.statements.findLast((statement) => !ts.isEmptyStatement(statement));
  return last && (ts.isExpressionStatement(last) || ts.isExportAssignment(last)) ? last : undefined;
}
