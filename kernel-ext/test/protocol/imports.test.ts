import { beforeAll, describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";
import { writeTestPackages } from "../test-packages.js";

const notebook = startNotebookKernel();
const { write, resultOf, failureOf } = notebook;
beforeAll(() => writeTestPackages(notebook));

describe("import and require in cells", () => {
  it("import dynamically, with a name made at run time", async () => {
    expect(await resultOf("const name = 'esm' + '-only'; (await import(name)).a")).toBe("1");
    expect(await resultOf("await import('esm-only').then(({ default: main }) => main())")).toBe("'main'");
    expect(await resultOf("await import('nowhere' + '').catch((error) => error.code)")).toBe(
      "'ERR_MODULE_NOT_FOUND'",
    );
  });

  it("import JSON, with and without its attribute", async () => {
    write({ "data.json": '{ "list": [1, 2] }' });
    expect(await resultOf("import data from './data.json' with { type: 'json' }; data.list")).toBe(
      "[ 1, 2 ]",
    );
    expect(await resultOf("import plain from './data.json'; plain.list.length")).toBe("2");
    expect(await resultOf("(await import('./data.json', { with: { type: 'json' } })).default.list[0]")).toBe(
      "1",
    );
  });

  it("read changed JSON again", async () => {
    write({ "data.json": '{ "list": [1, 2, 3] }' });
    expect(await resultOf("import data from './data.json'; data.list")).toBe("[ 1, 2, 3 ]");
  });

  it("say of JSON that does not parse what is wrong, and with which file", async () => {
    write({ "bad.json": "{ nothing" });
    const { ename, evalue } = await failureOf("// typecheck: off\nimport bad from './bad.json'");
    expect(ename).toBe("SyntaxError");
    expect(evalue).toContain("bad.json");
  });

  it("know the notebook's folder", async () => {
    const url = new URL(`file://${notebook.folder}/notebook.ts`).href;
    expect(await resultOf("[import.meta.url, import.meta.dirname, import.meta.filename]")).toBe(
      `[\n  '${url}',\n  '${notebook.folder}',\n  '${notebook.folder}/notebook.ts'\n]`,
    );
    expect(await resultOf("[__dirname, __filename]")).toBe(
      `[\n  '${notebook.folder}',\n  '${notebook.folder}/notebook.ts'\n]`,
    );
    expect(await resultOf("const folderOf = () => __dirname; { const __dirname = 'x'; } folderOf()")).toBe(
      `'${notebook.folder}'`,
    );
    expect(await resultOf("typeof (globalThis as any).__dirname")).toBe("'undefined'");
    expect(await resultOf("import.meta.resolve('hidden').endsWith('/node_modules/hidden/index.js')")).toBe(
      "true",
    );
    expect(
      await resultOf(
        "[import.meta.resolve('fs'), import.meta.resolve('node:fs'), import.meta.resolve('./x.js').endsWith('/x.js')]",
      ),
    ).toBe("[ 'node:fs', 'node:fs', true ]");
  });

  it("require from the notebook's folder", async () => {
    expect(await resultOf("const { kind: required } = require('dual'); required")).toBe("'commonjs'");
    expect(await resultOf("require.resolve('hidden').endsWith('hidden/index.js')")).toBe("true");
  });

  it("import JavaScript files of both kinds", async () => {
    write({
      "module.mjs": "export const kind = 'mjs'",
      "common.cjs": "exports.kind = 'cjs'",
      "plain.js": "module.exports = { kind: 'js' }",
    });
    expect(
      await resultOf(
        "import { kind as m } from './module.mjs'; import { kind as c } from './common.cjs'; import plain from './plain.js'; [m, c, plain.kind]",
      ),
    ).toBe("[ 'mjs', 'cjs', 'js' ]");
  });

  it("find the kernel's own packages, wherever the notebook is", async () => {
    expect(await resultOf("import * as tslab from 'tslab'; typeof tslab.display.html")).toBe("'function'");
    write({
      "shows.ts":
        "import { cell, display } from '@latentlab/kernel'; export const own = [typeof display, cell.signal.aborted]",
    });
    expect(
      await resultOf(
        "import { settings } from '@latentlab/kernel'; import { own } from './shows'; [settings.typeCheck, ...own]",
      ),
    ).toBe("[ 'stop', 'function', false ]");
    expect((await failureOf("settings.typeCheck = 'loud'")).evalue).toContain("TS2322");
  });
});
