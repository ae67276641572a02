import { describe, expect, it } from "vitest";
import { run, runAll, TestNotebook } from "./test-notebook.js";

describe("functions", () => {
  it("are there before the rest of their cell, also for imports", async () => {
    expect(await run("const a = f(); function f() { return 1 } a")).toBe(1);
    expect(
      await run("const a = f(2); export function f(n) { return g(n) } function g(n) { return n } a"),
    ).toBe(2);
  });

  it("in blocks are the block's", async () => {
    const notebook = new TestNotebook();
    expect(notebook.run("let a; { a = f(); function f() { return 1 } } a")).toBe(1);
    expect(Object.keys(notebook.scope)).toEqual(["a"]);
  });

  it("call themselves and one another", async () => {
    expect(await run("function f(n: number): number { return n < 2 ? 1 : n * f(n - 1) } f(5)")).toBe(120);
    const even =
      "function even(n) { return n === 0 || odd(n - 1) } function odd(n) { return n !== 0 && even(n - 1) }";
    expect(await run(even, "even(10)")).toBe(true);
  });

  it("that are declared anew are seen by functions of earlier cells", async () => {
    expect(
      await runAll(
        "function f() { return 'old' } const g = () => f(); const h = { m() { return f() } }",
        "[g(), h.m()]",
        "function f() { return 'new' }",
        "[g(), h.m()]",
        "const f = () => 'newest'",
        "[g(), h.m()]",
      ),
    ).toEqual([undefined, ["old", "old"], undefined, ["new", "new"], undefined, ["newest", "newest"]]);
  });

  it("see variables as they are when they run", async () => {
    expect(
      await run("let n = 1; const read = () => n; function add() { n += 1 }", "n = 10; add()", "[read(), n]"),
    ).toEqual([11, 11]);
  });

  it("are called without a receiver, however they are written", async () => {
    const notebook = new TestNotebook();
    notebook.run("function self(this: unknown, ...rest: unknown[]) { return this } let other = self");
    for (const call of ["self()", "self?.()", "(self)()", "(self as any)()", "self!()", "(<any>self)()"]) {
      expect(notebook.run(call), call).toBeUndefined();
    }
    for (const call of ["(self satisfies Function)()", "self``", "(self)``", "self<1>()", "(0, self)()"]) {
      expect(notebook.run(call), call).toBeUndefined();
    }
    for (const call of [
      "other()",
      "(() => self())()",
      "[1].map(() => other?.())[0]",
      "(true ? self : other)()",
    ]) {
      expect(notebook.run(call), call).toBeUndefined();
    }
    expect(notebook.run("(other = self)(), (other ??= self)()")).toBeUndefined();
    expect(notebook.run("self.call(3)")).toBe(3);
    expect(notebook.run("const o = { self }; [o.self() === o, (o.self)() === o, o?.self() === o]")).toEqual([
      true,
      true,
      true,
    ]);
    expect(notebook.run("(function () { return this })()")).toBeUndefined();
  });

  it("are called with all of their arguments, spread ones, too", async () => {
    expect(
      await run("const list = (...args: unknown[]) => args, more = [2, 3]", "list(1, ...more, list())"),
    ).toEqual([1, 2, 3, []]);
    expect(await run("let f: Function | undefined = undefined, n = 0", "f?.(n++); n")).toBe(0);
    expect(await run("const f = () => ({ g: () => ({ h: 1 }) })", "f?.().g?.().h")).toBe(1);
  });

  it("are constructed", async () => {
    const notebook = new TestNotebook();
    notebook.run("class A { constructor(readonly n = 1) {} } const make = () => A; const space = { A }");
    expect(notebook.run("[new A().n, new A(2).n, (new A).n, new (make())(3).n, new space.A(4).n]")).toEqual([
      1, 2, 1, 3, 4,
    ]);
  });

  it("tag templates, which they get once for each place", async () => {
    const notebook = new TestNotebook();
    notebook.run(
      "function tag(parts: TemplateStringsArray, ...values: unknown[]) { return [parts, parts.raw[0], values] as const }",
    );
    expect(
      notebook.run(
        `const n = 1; const [parts, raw, values] = tag\`a\\n\${n}b\${tag}\`; [[...parts], raw, values[0]]`,
      ),
    ).toEqual([["a\n", "b", ""], "a\\n", 1]);
    expect(notebook.run("const same = () => tag`x`[0]; same() === same()")).toBe(true);
  });

  it("have `arguments` and `new.target`", async () => {
    expect(await run("function f() { return [arguments.length, new.target === undefined] } f(1, 2)")).toEqual(
      [2, true],
    );
    expect(await run("const f = function () { return (() => arguments[0])() }", "f(3)")).toBe(3);
  });

  it("that yield", async () => {
    expect(
      await run(
        "function* count(n: number) { for (let i = 0; i < n; i++) yield i; return yield* [7] }",
        "[...count(2)]",
      ),
    ).toEqual([0, 1, 7]);
    expect(
      await run(
        "async function* f() { yield 1; yield await Promise.resolve(2) }",
        "const all = []; for await (const x of f()) all.push(x); all",
      ),
    ).toEqual([1, 2]);
  });

  it("that are asynchronous do not make their cell so", async () => {
    const notebook = new TestNotebook();
    expect(notebook.run("async function f() { return await 1 } const g = async () => await f(); 5")).toBe(5);
    expect(await notebook.run("await g()")).toBe(1);
  });
});

describe("names of functions and classes", () => {
  it.each([
    ["const f = () => 1", "f"],
    ["let f = function () {}", "f"],
    ["var f = async () => {}", "f"],
    ["const f = class {}", "f"],
    ["const f = (() => 1)", "f"],
    ["const f = (() => 1) as () => number", "f"],
    ["const f = function g() {}", "g"],
    ["const f = class g {}", "g"],
    ["let f; f = () => 1", "f"],
    ["let f: any; f ??= () => 1", "f"],
    ["let f: any; f ||= function () {}", "f"],
    ["let f: any = 1; f &&= class {}", "f"],
    ["const { f = () => 1 } = {} as any", "f"],
    ["const [f = () => 1] = []", "f"],
    ["let f; [f = () => 1] = []", "f"],
    ["let f; ({ f = () => 1 } = {} as any)", "f"],
    ["let f; ({ x: f = () => 1 } = {} as any)", "f"],
    ["for (var f = () => 1; false;);", "f"],
    ["function f() {}", "f"],
    ["class f {}", "f"],
    ["const f = (0, () => 1)", ""],
    ["const g = () => {}, f = g", "g"],
    ["const f = { m: () => 1 }.m", "m"],
    ["const o: any = {}; o.f = () => 1; const f = o.f", ""],
    ["const f = class { static name = 'own' }", "own"],
  ])("of %j is %j", async (cell, name) => {
    expect(await run(cell, "f.name")).toBe(name);
  });
});

describe("names that only later cells declare", () => {
  it("are found by functions when they run", async () => {
    const cell = `
      const read = () => later, call = () => later(), make = () => new Later(), tag = () => later\`\`;
      const short = () => ({ later }), nested = () => [{ a: [later] }], negate = () => !later;
      class Reader { field = later; get property() { return later } static m() { return later } }
    `;
    const notebook = new TestNotebook();
    notebook.run(cell);
    notebook.run("function later() { return this } class Later {}");
    expect(notebook.run("[read() === later, call(), make() instanceof Later, tag()]")).toEqual([
      true,
      undefined,
      true,
      undefined,
    ]);
    expect(
      notebook.run(
        "[short().later, nested()[0].a[0], new Reader().field, new Reader().property, Reader.m()].every((x) => x === later)",
      ),
    ).toBe(true);
    expect(notebook.run("negate()")).toBe(false);
  });

  it("are assigned to by functions when they run", async () => {
    const cell = `
      function count() { later++; --later; later += 10; [later] = [later + 1]; ({ later } = { later: later + 1 }); for (later of [later * 2]); }
    `;
    expect(await run(cell, "let later = 0", "count(); later")).toBe(24);
  });

  it("are JavaScript's own error where nobody declares them", async () => {
    await expect(run("const f = () => missing", "f()")).rejects.toThrow(
      new ReferenceError("missing is not defined"),
    );
    await expect(run("const f = () => { missing = 1 }", "f()")).rejects.toThrow(
      new ReferenceError("missing is not defined"),
    );
    await expect(run("missing")).rejects.toThrow(new ReferenceError("missing is not defined"));
  });

  it("have a type when they are asked for it", async () => {
    const asked =
      "const f = () => [typeof later, typeof (later), typeof window !== 'undefined' ? window : 'none']";
    expect(await runAll(asked, "f()", "const later = 1", "f()")).toEqual([
      undefined,
      ["undefined", "undefined", "none"],
      undefined,
      ["number", "number", "none"],
    ]);
    expect(await run("typeof missing")).toBe("undefined");
    expect(await run("const known = 1", "typeof known")).toBe("number");
  });

  it("are globals that come later, too", async () => {
    const slot = globalThis as { lateGlobal?: number };
    const notebook = new TestNotebook();
    notebook.run("const f = () => lateGlobal, g = () => { lateGlobal = 2 }");
    slot.lateGlobal = 1;
    expect(notebook.run("f()")).toBe(1);
    notebook.run("g()");
    expect(slot.lateGlobal).toBe(2);
    delete slot.lateGlobal;
  });
});
