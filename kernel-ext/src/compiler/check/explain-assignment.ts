import type { DeclarationKind } from "../convert/declarations.js";
import type { CellDiagnostic } from "./messages.js";

const assignmentToImport = 2632;

/** TypeScript's own errors for what cannot be assigned to. */
const errors: Partial<Record<DeclarationKind, { code: number; reason: string }>> = {
  constant: { code: 2588, reason: "it is a constant" },
  function: { code: 2630, reason: "it is a function" },
  class: { code: 2629, reason: "it is a class" },
  enum: { code: 2628, reason: "it is an enum" },
  namespace: { code: 2631, reason: "it is a namespace" },
};

/** TypeScript sees what earlier cells have declared as imports: says of an assignment to that what it is to its reader. */
export function explainAssignment(
  diagnostic: CellDiagnostic,
  code: string,
  kindOf: (name: string) => DeclarationKind | undefined,
): CellDiagnostic {
  if (diagnostic.code !== assignmentToImport || diagnostic.fileName) return diagnostic;
  const name = code.slice(diagnostic.start.offset, diagnostic.end.offset);
  const error = errors[kindOf(name) ?? "import"];
  if (!error) return diagnostic;
  return { ...diagnostic, code: error.code, message: `Cannot assign to '${name}' because ${error.reason}.` };
}
