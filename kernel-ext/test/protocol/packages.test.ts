import { beforeAll, describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";
import { writeTestPackages } from "../test-packages.js";

const notebook = startNotebookKernel();
const { writePackage, resultOf, failureOf } = notebook;
beforeAll(() => writeTestPackages(notebook));

describe("packages", () => {
  it("that are ES modules only, with types", async () => {
    expect(
      await resultOf(
        "import main, { a, live, grow } from 'esm-only'; import * as all from 'esm-only'; [main(), a, all.a]",
      ),
    ).toBe("[ 'main', 1, 1 ]");
    expect(await resultOf("import { sub } from 'esm-only/sub'; sub")).toBe("2");
    expect((await failureOf("a.foo")).evalue).toBe("TS2339: Property 'foo' does not exist on type 'number'.");
    expect(await resultOf("grow(); all.live")).toBe("1");
    expect(await resultOf("live")).toBe("1");
    expect((await failureOf("import x from 'esm-only/index.js'")).evalue).toContain("TS2307");
  });

  it("whose values change are seen to change, also by an imported name", async () => {
    expect(
      await resultOf(
        "import { live as watched, grow as change } from 'esm-only'; const before = watched; change(); watched - before",
      ),
    ).toBe("1");
    expect(await resultOf("const watched = 'own'; watched")).toBe("'own'");
  });

  it("for Node alone: dual ones, by their `import` condition", async () => {
    expect(
      await resultOf(
        "import { kind } from 'dual'; import dual from 'dual'; [kind, dual.kind, require('dual').kind]",
      ),
    ).toBe("[ 'module', 'module', 'commonjs' ]");
  });

  it("of CommonJS, with names that a look at their text does not reveal", async () => {
    expect(
      await resultOf(
        "import hidden, { x, seen } from 'hidden'; import * as all from 'hidden'; [hidden.y, x, seen, all.y, (await import('hidden')).x]",
      ),
    ).toBe("[ 'y', 'x', 1, 'y', 'x' ]");
  });

  it("of CommonJS that were ES modules: their own default", async () => {
    expect(await resultOf("import Main, { named } from 'compiled'; [Main.name, named]")).toBe(
      "[ 'Main', 2 ]",
    );
  });

  it("of CommonJS that are functions and classes", async () => {
    writePackage(
      "callable",
      {},
      { "index.js": "module.exports = function call() { return 1 }; module.exports.extra = 2;" },
    );
    expect(await resultOf("import call, { extra } from 'callable'; [call(), extra]")).toBe("[ 1, 2 ]");
    expect(await resultOf("import same = require('callable'); same()")).toBe("1");
  });

  it("with top-level await", async () => {
    writePackage(
      "waiting",
      { type: "module", main: "index.js" },
      { "index.js": "export const waited = await new Promise((r) => setTimeout(() => r('waited'), 20));" },
    );
    expect(await resultOf("import { waited } from 'waiting'; waited")).toBe("'waited'");
  });

  it("that fail while they load say why, and where", async () => {
    writePackage(
      "failing",
      { type: "module", main: "index.js" },
      { "index.js": "export const a = 1;\nthrow new RangeError('while loading');" },
    );
    const { ename, evalue, traceback } = await failureOf("import { a } from 'failing'");
    expect([ename, evalue]).toEqual(["RangeError", "while loading"]);
    expect(traceback.join("\n")).toContain("failing/index.js:2");
  });

  it("that are not there are an error of types, or of Node where those are not checked", async () => {
    expect((await failureOf("import x from 'absent'")).evalue).toBe(
      "TS2307: Cannot find module 'absent' or its corresponding type declarations.",
    );
    const { ename, evalue, traceback } = await failureOf("// typecheck: off\nimport x from 'absent'");
    expect(evalue).toMatch(/^Cannot find package 'absent'/);
    expect(ename).toBe("Error");
    expect(traceback.join("\n")).not.toMatch(/import-package|kernel-ext/);
  });

  it("that are installed while the notebook is open", async () => {
    await failureOf("import { late } from 'late-package'");
    await failureOf("// typecheck: off\nimport { late } from 'late-package'");
    writePackage(
      "late-package",
      { main: "index.js", types: "index.d.ts" },
      { "index.js": "exports.late = 1", "index.d.ts": "export const late: number" },
    );
    expect(await resultOf("import { late } from 'late-package'; late")).toBe("1");
  });

  it("of Node itself, with and without their prefix", async () => {
    expect(
      await resultOf(
        "import { basename } from 'path'; import fs, { existsSync } from 'node:fs'; import * as os from 'os'; [basename('/a/b'), existsSync === fs.existsSync, typeof os.cpus]",
      ),
    ).toBe("[ 'b', true, 'function' ]");
  });

  it("imported for types alone need nothing to run", async () => {
    writePackage(
      "types-only",
      { types: "index.d.ts" },
      { "index.d.ts": "export interface Shape { sides: number }" },
    );
    expect(
      await resultOf("import type { Shape } from 'types-only'; const s: Shape = { sides: 3 }; s.sides"),
    ).toBe("3");
    expect(
      await resultOf(
        "import { type Shape as Same } from 'types-only'; const t: Same = { sides: 4 }; t.sides",
      ),
    ).toBe("4");
  });
});
