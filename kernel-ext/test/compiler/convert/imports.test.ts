import { beforeEach, describe, expect, it } from "vitest";
import { TestNotebook } from "./test-notebook.js";

let notebook: TestNotebook;
beforeEach(() => {
  notebook = new TestNotebook();
  notebook.modules.m = {
    default: "whole",
    a: 1,
    b: 2,
    "with space": 3,
    f: function (this: unknown) {
      return this;
    },
  };
});

describe("imports", () => {
  it.each([
    ['import m from "m"', "m", "whole"],
    ['import { a } from "m"', "a", 1],
    ['import { a as b } from "m"', "b", 1],
    ['import { "with space" as spaced } from "m"', "spaced", 3],
    ['import { default as other } from "m"', "other", "whole"],
    ['import m, { a, b as c } from "m"', "[m, a, c]", ["whole", 1, 2]],
    ['import * as all from "m"', "all.b", 2],
    ['import m, * as all from "m"', "[m, all.a]", ["whole", 1]],
    ['import { a, type T } from "m"', "a", 1],
    ['import * as exports from "m"', "exports.a", 1],
    ['import { f } from "m"', "[f(), f?.(), f``]", [undefined, undefined, undefined]],
    ['import { a as __proto__ } from "m"', "__proto__", 1],
  ])("%s", async (declaration, code, value) => {
    await notebook.run(declaration);
    expect(notebook.imported).toEqual([["m"]]);
    expect(notebook.run(code)).toEqual(value);
  });

  it("happen before the rest of their cell, in their order", async () => {
    notebook.modules.n = { a: 5 };
    expect(
      await notebook.run(
        'a; import { a } from "m"; import { a as b } from "n"; function f() { return a } [a, b, f()]',
      ),
    ).toEqual([1, 5, 1]);
    expect(notebook.imported).toEqual([["m"], ["n"]]);
  });

  it("without names run the module, those of types alone do not", async () => {
    await notebook.run('import "m"; import {} from "m"');
    expect(notebook.imported).toHaveLength(2);
    await notebook.run(
      'import type T from "gone"; import type { A } from "gone"; import { type B } from "gone"; import type * as C from "gone"; export type { D } from "gone"',
    );
    expect(notebook.imported).toHaveLength(2);
    expect(Object.keys(notebook.scope)).toEqual([]);
  });

  it("pass their attributes on", async () => {
    await notebook.run(
      'import data from "m" with { type: "json" }; import more from "m" with { "type": "json", other: "x" }',
    );
    expect(notebook.imported).toEqual([
      ["m", { with: { type: "json" } }],
      ["m", { with: { type: "json", other: "x" } }],
    ]);
    await notebook.run('await import("m", { with: { type: "json" } })');
    expect(notebook.imported.at(-1)).toEqual(["m", { with: { type: "json" } }]);
  });

  it("bind names anew, which functions of earlier cells see", async () => {
    notebook.run("let a = 'old'; const read = () => a");
    await notebook.run('import { a } from "m"');
    expect(notebook.run("read()")).toBe(1);
  });

  it("of nothing that is there reject", async () => {
    await expect(notebook.run('import x from "gone"')).rejects.toThrow("Cannot find gone");
  });

  it("may be made while the cell runs, from anywhere", async () => {
    expect(
      await notebook.run('const load = async (name: string) => (await import(name)).a; await load("m")'),
    ).toBe(1);
    expect(await notebook.run('(await Promise.all(["m"].map((name) => import(name)))).length')).toBe(1);
    expect(await notebook.run('await import("m").then(({ b }) => b)')).toBe(2);
  });

  it("know where the cell is", () => {
    expect(notebook.run("import.meta.url")).toBe("file:///notebook.ts");
    expect(notebook.run("(() => import.meta)().url")).toBe("file:///notebook.ts");
  });
});
