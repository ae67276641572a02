import ts from "typescript";
import {
  type DeclarationKind,
  findDeclarations,
  findNestedVariables,
  namesOfBinding,
} from "../convert/declarations.js";
import { Augmentations, augmentationsOf } from "./augmentations.js";
import { importOfItself, importsOfCell } from "./cell-imports.js";
import { cellPrefix, notebookModule } from "./names.js";
import { namespaceMembers, typeOfNested } from "./namespace-members.js";
import { usedNames } from "./used-names.js";

interface CellDeclarations {
  /** What stands outside of namespaces. */
  outside: string;
  /** The namespace's members. */
  inside: string;
}

export interface Owner {
  cell: number;
  kind: DeclarationKind;
}

/**
 * What cells have declared, as a module with a namespace for each cell: a later cell may declare a name anew, while older
 * values keep their types.
 */
export class NotebookDeclarations {
  readonly #cells = new Map<number, CellDeclarations>();
  readonly #owners = new Map<string, Owner>();
  readonly #augmentations = new Augmentations();
  #lastCell = 0;

  /** The text of the module. */
  get text(): string {
    const cells = [...this.#cells];
    const outside = cells.map(([, { outside }]) => outside);
    const inside = cells.map(
      ([cell, { inside }]) => `export declare namespace ${cellPrefix}${cell} {\n${inside}}\n`,
    );
    return [importOfItself, ...outside, ...inside].join("");
  }

  /** The texts of further modules, which add to types that are nobody's of the notebook. */
  augmentationsBeside(file: ts.SourceFile): string[] {
    return this.#augmentations.beside(file);
  }

  /** How a name that later cells see has come about. */
  kindOf(name: string): DeclarationKind | undefined {
    return this.#owners.get(name)?.kind;
  }

  /** Whether a name of a cell has been declared anew, in a later cell or in `file`. */
  isOlder(name: string, cell: number, file: ts.SourceFile): boolean {
    const owner = this.#owners.get(name);
    return owner !== undefined && (owner.cell !== cell || findDeclarations(file).has(name));
  }

  /** What is to stand behind a cell's code so that it sees earlier cells' names and its own are exported. */
  suffix(file: ts.SourceFile): string {
    const own = findDeclarations(file);
    const exportedByItself = new Set(file.statements.flatMap(exportedNames));
    const exported = [...own].filter(
      ([name, kind]) => kind !== "import" && kind !== "using" && !exportedByItself.has(name),
    );
    const names = exported.map(([name]) => name).join(", ");
    const nested = findNestedVariables(file).map(typeOfNested);
    return ["", ...importsFor(this.#owned(usedNames([file]), own)), ...nested, `export { ${names} };`].join(
      "\n",
    );
  }

  /** What is to stand before the code of a cell that is still being written, so that it sees all earlier cells' names. */
  prefix(file: ts.SourceFile): string {
    const own = findDeclarations(file);
    return importsFor([...this.#owners].filter(([name]) => !own.has(name))).join(" ");
  }

  /**
   * Adds a cell's declarations to those that later cells see.
   *
   * @param emitted the cell's declaration file, by TypeScript
   * @param assigned of a cell that failed half-way: its names that have a value. All, if undefined.
   */
  add(file: ts.SourceFile, emitted: ts.SourceFile, assigned: ReadonlySet<string> | undefined): void {
    const own = findDeclarations(file);
    const cell = ++this.#lastCell;
    const keeps = (name: string) =>
      own.has(name) && (assigned === undefined || own.get(name) === "type" || assigned.has(name));
    const members = namespaceMembers(emitted, keeps);
    const imports = importsOfCell(file, `${cellPrefix}${cell}_`, keeps);
    const aliases = this.#owned(usedNames([emitted]), own).map(([name, owner]) => memberAlias(name, owner));
    const inside = [...aliases, imports.inside, members].join("\n");
    this.#cells.set(cell, { outside: imports.outside, inside });
    for (const [name, kind] of own)
      if (kind !== "using" && keeps(name)) this.#owners.set(name, { cell, kind });
    this.#augmentations.add(file, importsFor(this.#owned(usedNames(augmentationsOf(file)))).join("\n"));
    this.#dropUnused();
  }

  /** Of those names, the ones that cells have declared, unless the present one hides them. */
  #owned(names: ReadonlySet<string>, own?: ReadonlyMap<string, unknown>): [string, Owner][] {
    return [...names].flatMap((name) => {
      const owner = own?.has(name) ? undefined : this.#owners.get(name);
      return owner ? [[name, owner] as [string, Owner]] : [];
    });
  }

  /** Cells none of whose names is seen any more, unless others' types are made of theirs. */
  #dropUnused(): void {
    const live = new Set<number>();
    const pending = [...this.#owners.values()].map(({ cell }) => cell);
    pending.push(...this.#augmentations.texts.flatMap(cellsIn));
    for (let cell = pending.pop(); cell !== undefined; cell = pending.pop()) {
      if (live.has(cell)) continue;
      live.add(cell);
      pending.push(...cellsIn(this.#cells.get(cell)?.inside ?? ""));
    }
    for (const cell of this.#cells.keys()) if (!live.has(cell)) this.#cells.delete(cell);
  }
}

/** Numbers of the cells whose namespaces a text mentions. */
function cellsIn(text: string): number[] {
  return [...text.matchAll(new RegExp(`\\b${cellPrefix}(\\d+)\\b`, "g"))].map(([, cell]) => Number(cell));
}

/** Makes names of the notebook's module visible in another. */
function importsFor(names: readonly [string, Owner][]): string[] {
  const cells = new Set(names.map(([, { cell }]) => `${cellPrefix}${cell}`));
  const aliases = names.map(([name, owner]) => alias(name, owner));
  return [`import { ${[...cells].join(", ")} } from "${notebookModule}";`, ...aliases];
}

/** A variable can be assigned to, which an alias cannot. */
function alias(name: string, { cell, kind }: Owner): string {
  const member = `${cellPrefix}${cell}.${name}`;
  return kind === "variable" ? `declare let ${name}: typeof ${member};` : `import ${name} = ${member};`;
}

/** Within a namespace, where nothing is assigned. */
function memberAlias(name: string, { cell }: Owner): string {
  return `import ${name} = ${cellPrefix}${cell}.${name};`;
}

/** Names of a declaration with the word `export`. */
function exportedNames(statement: ts.Statement): string[] {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (!modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => namesOfBinding(name));
  const { name } = statement as ts.Statement & { name?: ts.Node };
  return name && ts.isIdentifier(name) ? [name.text] : [];
}
