import { beforeAll, describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";
import { writeTestPackages } from "../test-packages.js";

const notebook = startNotebookKernel();
const { write, resultOf, failureOf } = notebook;
beforeAll(() => writeTestPackages(notebook));
beforeAll(() => write({ "data.json": '{ "list": [1, 2, 3] }' }));

describe("local TypeScript files", () => {
  it("are imported relative to the notebook's folder, however they are named", async () => {
    write({
      "helper.ts":
        "export const a: number = 1; export default class Main { m = a } export interface Shape { s: number }",
      "folder/index.ts": "export * from './deep'; export { a } from '../helper'",
      "folder/deep.ts":
        "import Main, { type Shape } from '../helper.js'; export const deep = (s: Shape) => new Main().m + s.s",
      "view.tsx": "export const view = <T,>(x: T) => x",
      "strict.mts": "export const strict = 'mts'",
    });
    expect(
      await resultOf(
        "import Main, { a, type Shape } from './helper'; import { deep, a as same } from './folder'; import { view } from './view'; import { strict } from './strict.mjs'; import { a as third } from './helper.ts'; [new Main().m, a, same, third, deep({ s: 2 }), view(3), strict].join()",
      ),
    ).toBe("'1,1,1,1,3,3,mts'");
    expect(
      await resultOf("(await import('./helper')).a + (await import(import.meta.dirname + '/helper.ts')).a"),
    ).toBe("2");
  });

  it("import packages, Node's modules, JSON and one another, dynamically, too", async () => {
    write({
      "needs.ts": `
        import { a } from "esm-only"; import hidden, { x } from "hidden"; import { existsSync } from "node:fs"; import Main from "compiled";
        import data from "./data.json"; import same from "./data.json" with { type: "json" };
        export const all = [a, hidden.y, x, existsSync(import.meta.filename), Main.name, data.list.length, same.list.length];
        export const later = async () => [(await import("hidden")).x, (await import("./helper")).a, (await import("./data.json", { with: { type: "json" } })).default.list.length];
        export const where = [import.meta.dirname, import.meta.url.slice(-8)];
      `,
    });
    expect(
      await resultOf(
        "import { all, later, where } from './needs'; [...all, ...(await later()), where[0] === import.meta.dirname, where[1]].join()",
      ),
    ).toBe("'1,y,x,true,Main,3,3,x,1,3,true,needs.ts'");
  });

  it("are loaded once, and again when they have changed", async () => {
    write({ "counted.ts": "console.log('loading'); export const version = 1" });
    expect((await notebook.kernel.execute("import { version } from './counted'")).stdout).toBe("loading\n");
    expect((await notebook.kernel.execute("import { version } from './counted'")).stdout).toBe("");
    write({ "counted.ts": "console.log('loading anew'); export const version = 'two'" });
    const { stdout, text } = await notebook.kernel.execute(
      "import { version } from './counted'; version.length",
    );
    expect([stdout, text]).toEqual(["loading anew\n", "3"]);
  });

  it("are loaded again when what they import has changed", async () => {
    write({
      "outer.ts": "import { inner } from './inner'; export const outer = () => inner + '!'",
      "inner.ts": "export * from './innermost'",
      "innermost.ts": "export const inner = 'one'",
    });
    expect(await resultOf("import { outer } from './outer'; outer()")).toBe("'one!'");
    write({ "innermost.ts": "export const inner = 'two '" });
    expect(await resultOf("outer()")).toBe("'one!'");
    expect(await resultOf("import { outer } from './outer'; outer()")).toBe("'two !'");
    expect(await resultOf("(await import('./inner')).inner")).toBe("'two '");
  });

  it("import one another in a circle", async () => {
    write({
      "even.ts":
        "import { odd } from './odd'; export const even = (n: number): boolean => n === 0 || odd(n - 1)",
      "odd.ts":
        "import { even } from './even'; export const odd = (n: number): boolean => n !== 0 && even(n - 1)",
    });
    expect(
      await resultOf("import { even } from './even'; import { odd } from './odd'; [even(10), odd(10)]"),
    ).toBe("[ true, false ]");
    write({
      "odd.ts":
        "import { even } from './even'; export const odd = (n: number): boolean => n !== 0 && even(n - 1); export const changed = true",
    });
    expect(
      await resultOf("import { even } from './even'; import { changed } from './odd'; [even(4), changed]"),
    ).toBe("[ true, true ]");
  });

  it("are imported at a time, and only once", async () => {
    write({
      "shared.ts":
        "console.log('shared'); await new Promise((resolve) => setTimeout(resolve, 20)); export const shared = {}",
      "left.ts": "import { shared } from './shared'; export const left = shared",
      "right.ts": "import { shared } from './shared'; export const right = shared",
    });
    const { stdout, text } = await notebook.kernel.execute(
      "const [{ left }, { right }, { shared }] = await Promise.all([import('./left'), import('./right'), import('./shared')]); left === right && left === shared",
    );
    expect([stdout, text]).toEqual(["shared\n", "true"]);
  });

  it("wait at their top level", async () => {
    write({
      "waits.ts":
        "const value = await new Promise<string>((resolve) => setTimeout(() => resolve('waited'), 20)); export { value }",
    });
    expect(await resultOf("import { value as awaited } from './waits'; awaited")).toBe("'waited'");
  });

  it("give every cell the same classes, as long as they do not change", async () => {
    write({
      "model.ts": "export class Model { static made = 0; constructor() { Model.made++ } }",
      "uses.ts": "import { Model } from './model'; export const isModel = (x: unknown) => x instanceof Model",
    });
    await resultOf("import { Model } from './model'; const model = new Model()");
    expect(
      await resultOf(
        "import { Model } from './model'; import { isModel } from './uses'; [model instanceof Model, isModel(model), Model.made]",
      ),
    ).toBe("[ true, true, 1 ]");
    write({ "broken.ts": "import { Model } from './model'; new Model(); throw new Error('broken')" });
    await failureOf("import './broken'");
    expect(await resultOf("import { Model } from './model'; model instanceof Model")).toBe("true");
  });

  it("whose values change are seen to change", async () => {
    write({ "live.ts": "export let n = 0; export const grow = () => { n++ }" });
    expect(await resultOf("import { n, grow as growLive } from './live'; growLive(); n")).toBe("1");
    expect(await resultOf("growLive(); n")).toBe("2");
  });

  it("with an error of types stop the cell, with the file's lines", async () => {
    write({ "wrong.ts": "export const fine = 1;\nexport const wrong: string = fine;" });
    const { ename, traceback } = await failureOf("import { wrong } from './wrong'; console.log('ran')");
    expect(ename).toBe("TypeScriptError");
    expect(traceback).toEqual([
      "TypeScriptError: TS2322: Type 'number' is not assignable to type 'string'.",
      "  1 | export const fine = 1;",
      "> 2 | export const wrong: string = fine;",
      "    |              ^^^^^",
      "    at wrong.ts, line 2",
    ]);
    expect(await resultOf("// typecheck: off\nimport { wrong } from './wrong'; wrong")).toBe("1");
  });

  it("that do not parse stop the cell, whether types are checked or not", async () => {
    write({ "unparsed.ts": "export const a = 1;\nexport const b = ;" });
    for (const mode of ["stop", "warn", "off"]) {
      const { ename, evalue, traceback } = await failureOf(
        `// typecheck: ${mode}\nimport { a as unparsed } from './unparsed'`,
      );
      expect(ename).toBe("TypeScriptError");
      expect(evalue).toBe("TS1109: Expression expected.");
      expect(traceback).toContain("> 2 | export const b = ;");
      expect(traceback).toContain("    at unparsed.ts, line 2");
    }
    write({ "unparsed.ts": "export const a = 'mended'" });
    expect(await resultOf("import { a as unparsed } from './unparsed'; unparsed")).toBe("'mended'");
  });

  it("that fail while they load say where, and are loaded anew once mended", async () => {
    write({
      "thrower.ts":
        "interface Gone {\n  a: number;\n}\nexport const a = 1;\nthrow new RangeError('while loading');",
    });
    const { ename, evalue, traceback } = await failureOf("import { a as thrown } from './thrower'");
    expect([ename, evalue]).toEqual(["RangeError", "while loading"]);
    expect(traceback).toContain("> 5 | throw new RangeError('while loading');");
    expect(traceback.join("\n")).toContain("thrower.ts, line 5");
    expect((await failureOf("import { a as thrown } from './thrower'")).evalue).toBe("while loading");
    write({ "thrower.ts": "export const a = 'mended'" });
    expect(await resultOf("import { a as thrown } from './thrower'; thrown")).toBe("'mended'");
  });

  it("that miss something say what", async () => {
    write({
      "misses.ts": "import { nothing } from './helper'; export const x = nothing",
      "lost.ts": "import './nowhere'",
    });
    expect((await failureOf("// typecheck: off\nimport './misses'")).evalue).toContain("nothing");
    expect((await failureOf("// typecheck: off\nimport './lost'")).evalue).toContain("nowhere");
    expect((await failureOf("// typecheck: off\nimport './absent'")).evalue).toContain("absent");
  });

  it("are TypeScript of today", async () => {
    write({
      "today.ts": `
        const log: string[] = [];
        function note<This, Args extends unknown[], R>(f: (this: This, ...args: Args) => R, { name }: ClassMethodDecoratorContext) { log.push(String(name)); return f }
        export class A { @note m() { return 1 } accessor x = 2; static { log.push("static") } constructor(private readonly y = 3) {} get all() { return [this.m(), this.x, this.y] } }
        export enum E { a = 1, b } export namespace N { export const c = 4 }
        export function open() { using r = { [Symbol.dispose]() { log.push("disposed") } }; return log }
        export const checked = { d: 5 } satisfies Record<string, number>;
      `,
    });
    expect(
      await resultOf(
        "import { A, E, N, open as openLog, checked } from './today'; [new A().all, E.b, N.c, openLog().join(), checked.d]",
      ),
    ).toBe("[ [ 1, 2, 3 ], 2, 4, 'm,static,disposed', 5 ]");
    expect(await resultOf("openLog().length")).toBe("4");
  });

  it("print into the cell that loads them, and wait at checkpoints", async () => {
    write({ "endless.ts": "export async function spin() { for (;;) await null }" });
    const cell = notebook.kernel.sendExecute("import { spin } from './endless'; await spin()");
    await notebook.kernel.waitForPublication(
      "execute_input",
      (message) => message.parent_header.msg_id === cell,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    notebook.kernel.command("interrupt");
    expect((await notebook.kernel.waitForExecution(cell)).reply).toMatchObject({
      status: "error",
      ename: "KeyboardInterrupt",
    });
    expect(await resultOf("1 + 1")).toBe("2");
  });
});
