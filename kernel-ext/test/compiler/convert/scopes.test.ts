import { describe, expect, it } from "vitest";
import { run, TestNotebook } from "./test-notebook.js";

/** Runs the cell after one that declares `x`, and expects that `x` to be as it was. */
async function beside(cell: string, declaration = "const x = 'notebook'"): Promise<unknown> {
  const notebook = new TestNotebook();
  notebook.run(declaration);
  const before = notebook.scope.x;
  const value = await notebook.run(cell);
  expect(notebook.scope.x).toBe(before);
  return value;
}

describe("a name of a smaller scope hides the notebook's", () => {
  it.each([
    ["parameter", "((x) => x)(1)"],
    ["parameter with a default", "((x = 1) => x)()"],
    ["parameter's pattern", "(({ a: [x] }) => x)({ a: [1] })"],
    ["rest parameter", "((...x) => x[0])(1)"],
    ["block's constant", "let r; { const x = 1; r = x } r"],
    ["block's function", "let r; { function x() { return 1 } r = x() } r"],
    ["block's class", "let r; { class x { static y = 1 } r = x.y } r"],
    ["block's enum", "let r; { enum x { y = 1 } r = x.y } r"],
    ["caught error", "let r; try { throw 1 } catch (x) { r = x } r"],
    ["caught pattern", "let r; try { throw { x: 1 } } catch ({ x }) { r = x } r"],
    ["loop's variable", "let r; for (let x = 1; x < 2; x++) r = x; r"],
    ["loop's variable over values", "let r; for (const x of [1]) r = x; r"],
    ["loop's variable over keys", "let r; for (const x in { 1: 0 }) r = +x; r"],
    ["case's constant", "let r; switch (0) { case 0: const x = 1; r = x } r"],
    ["function's variable", "(function () { var x = 1; return x })()"],
    ["function's later variable", "(function () { x = 1; return x; var x })()"],
    ["function's own name", "(function x(n) { return n ? x(0) : 1 })(1)"],
    ["class's own name", "(class x { static y = 1; static z = x.y }).z"],
    ["namespace's variable", "namespace N { const x = 1; export const y = x } N.y"],
    ["namespace's exported variable", "namespace N { export const x = 1; export const y = x } N.y"],
    ["static block's variable", "let r; class C { static { const x = 1; r = x } } r"],
    ["resource", "let r; { using x = { [Symbol.dispose]() {}, y: 1 }; r = x.y } r"],
    ["type parameter", "(<x,>(y: x): x => y)(1)"],
  ])("as a %s", async (_, cell) => {
    expect(await beside(cell)).toBe(1);
  });

  it.each([
    ["property's key", "({ x: 1 }).x"],
    ["method's name", "({ x() { return 1 } }).x()"],
    ["accessor's name", "({ get x() { return 1 } }).x"],
    ["member's name", "class C { x = 1; static x = 1; #x = 1; y = this.x } new C().y"],
    ["private name", "class C { static #x = 1; static y = C.#x; static z = #x in C } C.y"],
    ["parameter property", "class C { constructor(public x: number) {} } new C(1).x"],
    ["label", "let r = 0; x: for (;;) { for (;;) { r++; break x } } r"],
    [
      "label to go on with",
      "let r = 0; x: for (const y of [1, 2]) { for (;;) { if (y === 2) r++; continue x } } r",
    ],
    ["optional member", "({ x: 1 } as { x: number } | undefined)?.x"],
    ["member of an enum", "enum E { x = 1 } E.x"],
    ["parameter of a type", "const f: (x: number) => number = (y) => y; f(1)"],
    ["type", "type x = number; const y: x = 1; y"],
    ["type of a value", "const y: typeof x | number = 1; y"],
    ["predicate", "const f = (y: unknown): y is number => true; f(0) ? 1 : 0"],
    ["key of a pattern", "const { x: y } = { x: 1 }; y"],
  ])("or is no variable at all, as a %s", async (_, cell) => {
    expect(await beside(cell)).toBe(1);
  });

  it.each([
    ["default of a parameter", "((y = x) => y)()"],
    ["computed key", "Object.keys({ [x]: 0 })[0]"],
    ["computed member", "class C { static [x] = 1 } Object.keys(C)[0]"],
    ["short property", "({ x }).x"],
    ["spread property", "({ ...{ y: x } }).y"],
    ["template's part", `\`\${x}\``],
    ["shorter scope's end", "{ const x = 1 } x"],
    ["caught error's end", "try { throw 1 } catch (x) {} x"],
    ["initial value of a member", "class C { y = x } new C().y"],
    [
      "superclass's argument",
      "class C extends (class { constructor(readonly y: string) {} }) { constructor() { super(x) } } new C().y",
    ],
    ["JSON's text", "JSON.parse(JSON.stringify(x))"],
    ["thing awaited", "await x"],
    ["thing to switch on", "let r; switch ('notebook') { case x: r = x } r"],
    ["key of an object", "({ notebook: x })[x]"],
    ["assertion", "x!"],
    ["default of a pattern", "const { y = x } = {} as any; y"],
    ["key of a pattern", "const { [x]: y } = { notebook: x }; y"],
    ["value of an enum", "enum E { y = x as any } E.y"],
    ["member of a namespace", "namespace N { export const y = x } N.y"],
    ["part of a conditional", "x ? x : 0"],
    ["comma's last", "(0, x)"],
    ["value with `in`", "x in { notebook: 1 } ? x : 0"],
    ["thing yielded", "[...(function* () { yield x })()][0]"],
    ["value spread", "[...[x]][0]"],
  ])("but not as a %s", async (_, cell) => {
    expect(await beside(cell)).toBe("notebook");
  });

  it("or a name of the same cell, in the same ways", async () => {
    const cell =
      "const x = 1; const f = (x) => x, g = () => x; { let x = 2; x++ } [f(3), g(), x, (() => { const x = 4; return x })()]";
    expect(await run(cell)).toEqual([3, 1, 1, 4]);
  });

  it("or an imported one", async () => {
    const notebook = new TestNotebook();
    notebook.modules.m = { x: "imported", default: "whole" };
    await notebook.run('import whole, { x } from "m"');
    expect(notebook.run("[((x) => x)(1), x, whole, (() => { let whole = 2; return whole })()]")).toEqual([
      1,
      "imported",
      "whole",
      2,
    ]);
  });
});

describe("a name of the notebook hides a global one", () => {
  it("in the cells after it", async () => {
    expect(await run("const name = 1, performance = 2, Map = 3", "[name, performance, Map]")).toEqual([
      1, 2, 3,
    ]);
    expect(await run("class Error { x = 1 }", "new Error().x")).toBe(1);
    expect(await run("const undefined = 4", "undefined")).toBe(4);
  });

  it("and leaves the global one as it was", async () => {
    const before = globalThis.Map;
    await run("var Map = 3");
    expect(globalThis.Map).toBe(before);
  });
});

describe("variables of the notebook", () => {
  it("are changed by every operator", async () => {
    const notebook = new TestNotebook();
    notebook.run("let n = 1, list = [1], o = { a: 1 }, none");
    notebook.run(
      "n++; ++n; n--; n += 5; n *= 2; n **= 2; n -= 1; n |= 1; n >>>= 1; list[0] += n; o.a++; delete o.b; none ??= 3; none &&= none + 1",
    );
    expect(notebook.run("[n, list, o, none]")).toEqual([97, [98], { a: 2 }, 4]);
    expect(notebook.run("const before = n++; [before, n, -n, +n, !n, ~n, void n, typeof n]")).toEqual([
      97,
      98,
      -98,
      98,
      false,
      -99,
      undefined,
      "number",
    ]);
  });

  it("may have names beyond ASCII", async () => {
    expect(
      await run("const größe = 1, 𝒳 = 2, ñ = { 𝒳 }, \\u0061b = 4", "[größe, 𝒳, ñ.𝒳, ab, '🙂🙂']"),
    ).toEqual([1, 2, 2, 4, "🙂🙂"]);
  });
});
