import ts from "typescript";
import { namesOfImport } from "../convert/declarations.js";
import { notebookModule } from "./names.js";

/** What a cell's imports become in the module of the notebook's declarations. */
export interface CellImports {
  /** Exports under names of their own, which stand outside of namespaces. */
  outside: string;
  /** Aliases of those, as members of the cell's namespace. */
  inside: string;
}

/** The module within itself: as a member of something, an alias stands for a type and a value alike. */
const self = "__notebook__";

export const importOfItself = `import * as ${self} from "${notebookModule}";\n`;

/**
 * @param mangle what its names begin with outside
 * @param keeps whether a name is to be seen by later cells
 */
export function importsOfCell(
  file: ts.SourceFile,
  mangle: string,
  keeps: (name: string) => boolean,
): CellImports {
  let [outside, inside] = ["", ""];
  const add = (local: string, declare: (name: string) => string) => {
    if (!keeps(local)) return;
    outside += `${declare(mangle + local)}\n`;
    inside += `export import ${local} = ${self}.${mangle}${local};\n`;
  };
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      const source = sourceOf(statement, file);
      for (const { local, imported } of namesOfImport(statement)) {
        add(local, (name) =>
          imported === "*"
            ? `export * as ${name} from ${source};`
            : `export { ${JSON.stringify(imported)} as ${name} } from ${source};`,
        );
      }
    } else if (ts.isImportEqualsDeclaration(statement)) {
      const { moduleReference, name } = statement;
      if (!ts.isExternalModuleReference(moduleReference)) continue;
      add(name.text, (mangled) => `export import ${mangled} = ${moduleReference.getText(file)};`);
    }
  }
  return { outside, inside };
}

/** `"module" with { type: "json" }` */
export function sourceOf({ moduleSpecifier, attributes }: ts.ImportDeclaration, file: ts.SourceFile): string {
  return [moduleSpecifier.getText(file), attributes?.getText(file) ?? ""].join(" ").trim();
}
