import { describe, expect, it } from "vitest";
import { run, runAll, TestNotebook } from "./test-notebook.js";

describe("variables", () => {
  it.each(["const", "let", "var"])("declared by %s are there for later cells", async (keyword) => {
    expect(await run(`${keyword} a = 1, b = a + 1`, "[a, b]")).toEqual([1, 2]);
  });

  it("may be declared anew, by another word and with another type", async () => {
    expect(await run("const a = 1", "let a = 'two'", "a += '!'", "var a = [a]", "a")).toEqual(["two!"]);
  });

  it("have no value where none is given", async () => {
    expect(await run("let a = 1", "let a: number", "a")).toBeUndefined();
    expect(await run("var a = 1", "var a", "a")).toBeUndefined();
  });

  it("by var keep the value that they had before their declaration", async () => {
    expect(await run("a = 5; var a; a")).toBe(5);
    expect(
      await run("const sums = []; for (const x of [1, 2, 3]) { var sum; sum = (sum ?? 0) + x } sum"),
    ).toBe(6);
    expect(await run("for (var i, n = 0; n < 3; n++) i = n; [i, n]")).toEqual([2, 3]);
  });

  it("by var belong to the cell, however deep they stand", async () => {
    const cell = `
      if (true) { var a = 1; }
      if (false) var b = 2;
      try { throw 0 } catch { var c = 3 } finally { var d = 4 }
      label: for (;;) { switch (1) { case 1: var e = 5; break label } }
      { { var f = 6 } }
      while (true) { var g = 7; break }
      do var h = 8; while (false)
      if (!a) ; else var i = 9;
    `;
    const names = "[a, b, c, d, e, f, g, h, i]";
    expect(await run(cell, names)).toEqual([1, undefined, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("by var of loops belong to the cell", async () => {
    expect(await run("for (var i = 0, j = 9; i < j; i++, j--); ", "[i, j]")).toEqual([5, 4]);
    expect(await run("for (var x of [1, 2]);", "x")).toBe(2);
    expect(await run("for (var key in { a: 1, b: 2 });", "key")).toBe("b");
    expect(await run("for (var [k, { v = 7 }] of [['a', {}]]);", "[k, v]")).toEqual(["a", 7]);
    expect(await run("for await (var y of [Promise.resolve(3)]);", "y")).toBe(3);
    expect(await run("for (var never of []);", "never")).toBeUndefined();
  });

  it("by var of functions, classes and namespaces are not the cell's", async () => {
    const notebook = new TestNotebook();
    notebook.run(`
      function f() { var a = 1; for (var b of []); return a }
      class C { static { var c = 1 } m() { var d = 2 } }
      namespace N { var e = 3; export const f = e }
      const g = () => { var h = 1; return h };
      f(); g();
    `);
    expect(Object.keys(notebook.scope).sort()).toEqual(["C", "N", "f", "g"]);
  });

  it("by let and const of blocks and loops are not the cell's", async () => {
    const notebook = new TestNotebook();
    notebook.run(
      "{ let a = 1; const b = 2 } for (let c = 0; c < 1; c++); for (const d of [1]); try { throw 1 } catch (e) {}",
    );
    expect(Object.keys(notebook.scope)).toEqual([]);
  });

  it("of closures in loops are one for each turn", async () => {
    expect(
      await run("const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); fs.map((f) => f())"),
    ).toEqual([0, 1, 2]);
  });
});

describe("patterns", () => {
  it("of objects: names, defaults, nesting, the rest, and keys of every kind", async () => {
    const cell = `
      const key = "k" + 1;
      const { a, b: { c: [d, , e = 5] }, "x-y": f, 3: g, [key]: h, ["k2"]: i = 9, ...rest } =
        { a: 1, b: { c: [2, 3] }, "x-y": 4, 3: 6, k1: 7, left: 8 };
    `;
    expect(await run(cell, "[a, d, e, f, g, h, i, rest]")).toEqual([1, 2, 5, 4, 6, 7, 9, { left: 8 }]);
  });

  it("of arrays: holes, defaults, nesting, the rest", async () => {
    expect(
      await run("let [a, , b = 3, [c], ...[d, ...e]] = [1, 2, undefined, [4], 5, 6, 7]", "[a, b, c, d, e]"),
    ).toEqual([1, 3, 4, 5, [6, 7]]);
  });

  it("of any iterable, which is closed", async () => {
    const cell = `
      let closed = false;
      function* count() { try { for (let i = 0; ; i++) yield i } finally { closed = true } }
      const [first, second] = count();
    `;
    expect(await run(cell, "[first, second, closed]")).toEqual([0, 1, true]);
  });

  it("take defaults from earlier names of the same pattern and of earlier cells", async () => {
    expect(await run("const base = 10", "const { a = base, b = a + 1 } = {}", "[a, b]")).toEqual([10, 11]);
  });

  it("that are empty still look at their value", async () => {
    expect(await run("let looked = 0; const {} = (looked++, {}); const [] = (looked++, []); looked")).toBe(2);
    await expect(run("const {} = null")).rejects.toThrow(TypeError);
  });

  it("by var stand in blocks", async () => {
    expect(await run("{ var { a, ...b } = { a: 1, c: 2 } }", "[a, b]")).toEqual([1, { c: 2 }]);
  });

  it("are assigned to, names in short form included", async () => {
    expect(
      await run(
        "let a, b, c, rest, list = []",
        "({ a, b = 2, x: c, ...rest } = { a: 1, x: 3, y: 4 }); [list[0], [a]] = [a, [b]]; [a, b, c, rest, list]",
      ),
    ).toEqual([2, 2, 3, { y: 4 }, [1]]);
    expect(await run("let a = 1, b = 2", "[a, b] = [b, a]; ({ a } = { a: a * 10 })", "[a, b]")).toEqual([
      20, 1,
    ]);
    expect(
      await run("let x", "for (x of [1, 2]); for ([x] of [[x + 1]]); for ({ x } of [{ x: x + 1 }]); x"),
    ).toBe(4);
  });

  it("in parameters are the function's", async () => {
    expect(
      await run("const a = 1, b = 2", "const f = ({ a, b: [c] = [b] } = { a: 5 }) => [a, b, c]; f()"),
    ).toEqual([5, 2, 2]);
  });
});

describe("what TypeScript adds", () => {
  it("enums: numbers, texts, computed members, both directions, members by their own name", async () => {
    const cell = `
      enum Size { Small = 1, Large, Huge = Large << 2, Computed = "abc".length, Twice = Size.Computed * 2 }
      enum Text { A = "a", B = \`\${A}b\` }
    `;
    expect(await run(cell, "[Size.Large, Size[2], Size.Huge, Size.Computed, Size.Twice, Text.B]")).toEqual([
      2,
      "Large",
      8,
      3,
      6,
      "ab",
    ]);
  });

  it("enums made of those of earlier cells", async () => {
    expect(await run("enum A { x = 3 }", "enum B { y = A.x, z }", "[B.y, B.z]")).toEqual([3, 4]);
  });

  it("enums in parts", async () => {
    expect(await run("enum E { a } enum E { b = 5 }", "[E.a, E.b]")).toEqual([0, 5]);
  });

  it("enums whose members are called like variables", async () => {
    expect(await run("const a = 100, b = 200", "enum E { a = 1, b = a << 1 }", "[E.a, E.b, a]")).toEqual([
      1, 2, 100,
    ]);
  });

  it("const enums are there for later cells", async () => {
    expect(await run("const enum Side { Left = 'l', Right = 'r' }", "[Side.Left, Side['Right']]")).toEqual([
      "l",
      "r",
    ]);
  });

  it("namespaces: nested, merged, with names of their own", async () => {
    const cell = `
      const a = 1;
      namespace N { export const a = 2; export let b = a + 1; export namespace M { export const c = N.a + b } }
      namespace N { export function twice() { b *= 2; return b } }
      namespace P.Q { export enum E { x = 7 } export class C { static y = a } }
    `;
    expect(await run(cell, "[a, N.a, N.b, N.M.c, N.twice(), N.b, P.Q.E.x, P.Q.C.y]")).toEqual([
      1, 2, 3, 5, 6, 6, 7, 1,
    ]);
  });

  it("namespaces that use what earlier cells declared", async () => {
    expect(
      await run(
        "let n = 1",
        "namespace N { export const m = ++n; export const f = () => n }",
        "n = 9",
        "[N.m, N.f()]",
      ),
    ).toEqual([2, 9]);
  });

  it("namespaces beside a function or a class of the same name", async () => {
    expect(
      await run(
        "function f() { return f.x } namespace f { export const x = 1 } class C {} namespace C { export const y = 2 }",
        "[f(), C.y]",
      ),
    ).toEqual([1, 2]);
  });

  it("namespaces and imports of types alone leave nothing", async () => {
    const notebook = new TestNotebook();
    notebook.run("namespace N { export interface I { x: number } } import I = N.I; const i: I = { x: 1 }");
    expect(notebook.scope).toEqual({ I: undefined, i: { x: 1 } });
  });

  it("aliases of a namespace's members", async () => {
    expect(
      await run(
        "namespace A { export namespace B { export const c = 3 } }",
        "import B = A.B; import c = A.B.c",
        "[B.c, c]",
      ),
    ).toEqual([3, 3]);
  });

  it("interfaces, type aliases and ambient declarations vanish", async () => {
    const notebook = new TestNotebook();
    const cell = `
      interface A { a: number } type B = A | string;
      declare const c: number; declare function d(): void; declare class E {} declare enum F { x }
      declare namespace G { const h: number } declare module "some-module" { export const i: number }
      declare global { interface Window { j: number } var k: number }
      abstract class L { abstract m(): void }
      export type { A };
    `;
    expect(notebook.run(cell)).toBeUndefined();
    expect(Object.keys(notebook.scope)).toEqual(["L"]);
  });

  it("an interface beside a constant of an earlier cell leaves that alone", async () => {
    expect(await run("const Point = { origin: 0 }", "interface Point { x: number } Point.origin")).toBe(0);
  });

  it("overloads, generics, assertions, satisfies, this-parameters, optional and definite members", async () => {
    const cell = `
      function f(a: string): string; function f(a: number): number; function f<T>(this: void, a: T) { return a }
      class Box<const T extends readonly unknown[]> { value!: T; other?: string; constructor(readonly list: T, private n = 1) {} get count() { return this.n } }
      const box = new Box([1, "a"] as const) satisfies Box<readonly [1, "a"]>;
      const g = f as <T>(a: T) => T, h = <number>(<unknown>f(3)), i = f<string>;
      [box.list, box.count, "value" in box, g(1)!, h, i("x")]
    `;
    expect(await run(cell)).toEqual([[1, "a"], 1, true, 1, 3, "x"]);
  });
});

describe("the words export and default", () => {
  it("change nothing", async () => {
    const cell = `
      export const a = 1; export let { b } = { b: 2 }, c = 3; export var d = 4;
      export function f() { return 5 } export async function g() {} export function* h() {}
      export class K {} export abstract class L {} export enum E { x } export const enum F { y = 8 } export namespace N { export const z = 6 }
      export interface I {} export type T = I; export declare const w: number; export import n = N.z;
      export { a as renamed, f }; export {}; export type { T as U };
    `;
    const notebook = new TestNotebook();
    notebook.run(cell);
    expect(Object.keys(notebook.scope).sort()).toEqual("E,F,K,L,N,a,b,c,d,f,g,h,n".split(","));
    expect(notebook.run("[a, b, c, d, f(), F.y, n]")).toEqual([1, 2, 3, 4, 5, 8, 6]);
  });

  it("default gives functions and classes their names, and shows values", async () => {
    expect(await run("export default function f() { return 1 }", "f()")).toBe(1);
    expect(await run("export default class C { static x = 2 }", "C.x")).toBe(2);
    expect(await run("export default async function g() { return 3 }", "await g()")).toBe(3);
    expect(await run("export default 1 + 3")).toBe(4);
    expect(
      await runAll(
        "export default function () {}",
        "export default class {}",
        "export default interface I {}",
      ),
    ).toEqual([undefined, undefined, undefined]);
  });
});

describe("names that conversion itself uses", () => {
  it.each([
    "exports",
    "require",
    "module",
    "$latentlab_cells",
    "$latentlab_scope",
    "$latentlab_exports",
    "Symbol",
    "globalThis",
    "tsLastExpr",
    "__esDecorate",
    "env_1",
  ])("%s is anybody's", async (name) => {
    expect(await run(`const ${name} = 1; ${name} + 1`, `${name} + 2`)).toBe(3);
    expect(await run(`let ${name} = 1; { const ${name} = 5; } ${name}`)).toBe(1);
    expect(await run(`function ${name}() { return 7 } ${name}()`, `${name}()`)).toBe(7);
    expect(await run(`class ${name} { static x = 8 } ${name}.x`, `${name}.x`)).toBe(8);
    expect(await run(`enum ${name} { x = 9 } ${name}.x`, `${name}.x`)).toBe(9);
    expect(await run(`namespace ${name} { export const x = 10 } ${name}.x`, `${name}.x`)).toBe(10);
    expect(await run(`const f = (${name}: number) => ${name}; f(11)`, "f(12)")).toBe(12);
  });

  it.each([
    "exports",
    "require",
    "$latentlab_cells",
    "$latentlab_scope",
    "env_1",
  ])("%s is what is disposed of", async (name) => {
    const cell = `let open = true; using ${name} = { [Symbol.dispose]() { open = false }, value: 13 }; [${name}.value, open]`;
    expect(await runAll(cell, "open")).toEqual([[13, true], false]);
  });

  it("__proto__ is a name like any other", async () => {
    expect(
      await run("const __proto__ = 3", "const o = { __proto__ }; [Object.keys(o), o.__proto__, __proto__]"),
    ).toEqual([["__proto__"], 3, 3]);
    expect(await run("const __proto__ = () => 1", "[__proto__(), __proto__.name]")).toEqual([1, "__proto__"]);
  });

  it("require is Node's until it is declared", async () => {
    expect(await run("require('node:path').basename('/a/b')")).toBe("b");
    expect(await run("import os = require('node:os')", "typeof os.cpus")).toBe("function");
  });
});
