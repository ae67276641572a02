import ts from "typescript";
import { isAugmentation } from "./augmentations.js";

/**
 * A cell's declaration file as members of a namespace. Imports, exports and augmentations cannot be such.
 *
 * @param keeps whether a name that the cell declares is to be seen by later cells
 */
export function namespaceMembers(file: ts.SourceFile, keeps: (name: string) => boolean): string {
  return file.statements.map((statement) => memberText(statement, file, keeps)).join("");
}

const nestedPrefix = "__nested_";

/**
 * A declaration that has the type of `if (x) { var name }`, which TypeScript leaves out of declaration files. A function
 * sees the type that was declared, not what is left of it at the end of the cell.
 */
export const typeOfNested = (name: string) => `export function ${nestedPrefix}${name}() { return ${name} }`;

function memberText(statement: ts.Statement, file: ts.SourceFile, keeps: (name: string) => boolean): string {
  if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) return "";
  if (ts.isExportAssignment(statement) || isAugmentation(statement)) return "";
  const comments = file.text.slice(statement.getFullStart(), statement.getStart(file));
  if (ts.isVariableStatement(statement)) {
    const { declarations, flags } = statement.declarationList;
    const texts = declarations
      .filter(({ name }) => ts.isIdentifier(name) && keeps(name.text))
      .map((declaration) => declaration.getText(file));
    if (texts.length === 0) return "";
    const keyword = flags & ts.NodeFlags.Const ? "const" : flags & ts.NodeFlags.Let ? "let" : "var";
    return `${comments}${keyword} ${texts.join(", ")};\n`;
  }
  const { name } = statement as ts.Statement & { name?: ts.Node };
  if (!name || !ts.isIdentifier(name)) return ""; // `export default class {}`
  if (!keeps(name.text)) return nestedVariable(statement, name.text.replace(nestedPrefix, ""), file, keeps);
  const text = statement.getText(file).replace(/^(export |default |declare )+/, "");
  if (!ts.isImportEqualsDeclaration(statement)) return `${comments}${text}\n`;
  return ts.isExternalModuleReference(statement.moduleReference) ? "" : `${comments}export ${text}\n`;
}

function nestedVariable(
  statement: ts.Statement,
  name: string,
  file: ts.SourceFile,
  keeps: (name: string) => boolean,
): string {
  if (!ts.isFunctionDeclaration(statement) || !statement.type || !keeps(name)) return "";
  return `let ${name}: ${statement.type.getText(file)};\n`;
}
