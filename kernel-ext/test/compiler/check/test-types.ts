import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { Checker } from "../../../src/compiler/check/checker.js";
import type { DetailLevel, Inspection } from "../../../src/compiler/check/messages.js";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for a notebook, which is gone when the tests of the file have ended. Its path has a space. */
export function makeFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), "latentlab notebook-"));
  folders.push(folder);
  writeFiles(folder, files);
  return folder;
}

let writes = 0;

/** Every time with a length of its own: a clock's tick may be longer than the time between two writes. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const padding = name.endsWith(".json") ? " ".repeat(++writes) : "";
    writeFileSync(file, text + padding);
  }
}

/** A package with types in a folder's `node_modules`. */
export function writePackage(folder: string, name: string, types: string): void {
  const at = `node_modules/${name}`;
  writeFiles(folder, {
    [`${at}/package.json`]: JSON.stringify({ name, version: "1.0.0", types: "index.d.ts", main: "index.js" }),
    [`${at}/index.d.ts`]: types,
    [`${at}/index.js`]: "",
  });
}

/** The types of a notebook whose cells are checked but not run. */
export class TestTypes {
  readonly checker: Checker;

  constructor(folder = makeFolder()) {
    this.checker = new Checker(folder);
  }

  /** Errors of a cell: `2322: Type ...`, those of other files with their names before. */
  check(code: string): string[] {
    return this.checker.check(code).map(({ fileName, code, message }) => {
      return `${fileName ? `${fileName} ` : ""}${code}: ${message}`;
    });
  }

  /** Cells that have run to their end. @returns errors of the last one */
  run(...cells: string[]): string[] {
    let errors: string[] = [];
    for (const cell of cells) {
      errors = this.check(cell);
      this.checker.commit(cell, undefined);
    }
    return errors;
  }

  /** A cell that has failed when only those names had a value. */
  fail(code: string, assigned: string[]): void {
    this.checker.check(code);
    this.checker.commit(code, assigned);
  }

  /** The type of what an earlier cell has declared, as TypeScript prints it. */
  typeOf(name: string): string {
    return this.inspect(`|${name}`)?.text.split("\n\n")[0] ?? "";
  }

  /** What may stand at `|`. */
  complete(marked: string) {
    const { code, cursor } = takeCursor(marked);
    const { matches, start, end } = this.checker.complete(code, cursor);
    return { names: matches.map(({ text }) => text), matches, replaced: code.slice(start, end), start, end };
  }

  /** What is at `|`. */
  inspect(marked: string, detailLevel: DetailLevel = 0): Inspection | undefined {
    const { code, cursor } = takeCursor(marked);
    return this.checker.inspect(code, cursor, detailLevel);
  }
}

function takeCursor(marked: string) {
  const cursor = marked.indexOf("|");
  return { code: marked.slice(0, cursor) + marked.slice(cursor + 1), cursor };
}
