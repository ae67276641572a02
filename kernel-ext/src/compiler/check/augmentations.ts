import ts from "typescript";
import { sourceOf } from "./cell-imports.js";

interface Augmentation {
  /** A module of its own: a cell's names and those of others must not meet in it. */
  text: string;
  /** What it declares, such as `Array.shuffle`: two declarations of one name contradict each other. */
  names: ReadonlySet<string>;
}

/** What cells add to types that are not theirs: `declare global`, `declare module "name"`, and imports for effect. */
export class Augmentations {
  #kept: Augmentation[] = [];

  /** Of all cells. */
  get texts(): string[] {
    return this.#kept.map(({ text }) => text);
  }

  /** Modules to check a cell with: those of earlier cells that it does not itself declare anew. */
  beside(file: ts.SourceFile): string[] {
    return this.#others(namesOf(augmentationsOf(file), file)).map(({ text }) => text);
  }

  /**
   * @param visible declares the names of cells that the augmentations use
   */
  add(file: ts.SourceFile, visible: string): void {
    const statements = augmentationsOf(file);
    if (statements.length === 0) return;
    const names = namesOf(statements, file);
    const parts = ["export {};", visible, ...statements.map((statement) => statement.getText(file))];
    this.#kept = [...this.#others(names), { text: `${parts.join("\n")}\n`, names }];
  }

  #others(names: ReadonlySet<string>): Augmentation[] {
    return this.#kept.filter((one) => ![...one.names].some((name) => names.has(name)));
  }
}

/** `declare global` and `declare module "name"` */
export function isAugmentation(statement: ts.Statement): statement is ts.ModuleDeclaration {
  if (!ts.isModuleDeclaration(statement)) return false;
  return ts.isStringLiteral(statement.name) || (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0;
}

/** `import "name"`, which may bring augmentations */
function isForEffect(statement: ts.Statement): statement is ts.ImportDeclaration {
  return ts.isImportDeclaration(statement) && !statement.importClause;
}

export function augmentationsOf(file: ts.SourceFile): ts.Statement[] {
  return file.statements.filter((statement) => isAugmentation(statement) || isForEffect(statement));
}

function namesOf(statements: readonly ts.Statement[], file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of statements) {
    if (isForEffect(statement)) names.add(`import ${sourceOf(statement, file)}`);
    else if (isAugmentation(statement) && statement.body && ts.isModuleBlock(statement.body)) {
      const of = statement.name.getText(file);
      for (const member of statement.body.statements)
        for (const name of namesOfMember(member, file)) names.add(`${of} ${name}`);
    }
  }
  return names;
}

/** Interfaces add up, as long as their members differ. */
function namesOfMember(statement: ts.Statement, file: ts.SourceFile): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText(file));
  const { name } = statement as ts.Statement & { name?: ts.Node };
  if (!name) return [];
  const own = name.getText(file);
  return ts.isInterfaceDeclaration(statement)
    ? statement.members.map((member) => `${own}.${member.name?.getText(file) ?? ""}`)
    : [own];
}
