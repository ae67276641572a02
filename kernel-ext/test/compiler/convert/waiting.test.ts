import { describe, expect, it } from "vitest";
import { run, TestNotebook } from "./test-notebook.js";

describe("await", () => {
  it.each([
    ["of a statement", "await x", 1],
    ["of a declaration", "const a = await x; a", 1],
    ["of a pattern's default", "const { a = await x } = {} as any; a", 1],
    ["of a pattern's key", "const { [await x]: a } = { 1: 1 } as any; a", 1],
    ["in an argument", "Number(await x)", 1],
    ["in a template", `+\`\${await x}\``, 1],
    ["in a block", "let a; if (true) { a = await x } a", 1],
    ["in a loop", "let a = 0; for (let i = 0; i < 3; i++) a += await x; a", 3],
    ["in a loop's head", "let a = 0; for (const y of await Promise.resolve([1, 2])) a += y; a", 3],
    ["in a condition", "await x ? 4 : 5", 4],
    [
      "in try, catch and finally",
      "let a = 0; try { a += await x; throw 0 } catch { a += await x } finally { a += await x } a",
      3,
    ],
    ["of several values", "(await x) + await x", 2],
    ["of an await", "await (await (async () => x)())", 1],
    ["of no promise", "await 7", 7],
    ["of a sequence", "await (0, x)", 1],
    ["of a promise of an object", "(await Promise.resolve({ a: 1 })).a", 1],
    ["of a function called at once", "await (async () => { await x; return 6 })()", 6],
    ["in a class's head", "class A extends (await Promise.resolve(Array)) {} new A().length", 0],
    ["in a class's computed key", "class A { static [await Promise.resolve('k')] = 8 } (A as any).k", 8],
    ["in a switch", "let a; switch (await x) { case await x: a = 9 } a", 9],
    ["after a label", "let a = 0; outer: for (;;) { for (;;) { a = await x; break outer } } a", 1],
    ["in an exported default", "export default await x", 1],
  ])("stands anywhere: %s", async (_, code, value) => {
    const notebook = new TestNotebook();
    notebook.run("const x = Promise.resolve(1)");
    expect(await notebook.run(code)).toBe(value);
    expect(notebook.checkpoints).toBeGreaterThan(0);
  });

  it("waits through a checkpoint at every place and in every function", async () => {
    const notebook = new TestNotebook();
    await notebook.run(`
      await 1;
      const f = async () => { await 2; return await 3 };
      async function* g() { yield await 4 }
      class C { async m() { await 5 } static async *n() { await 6 } }
      await f(); for await (const x of g()); await new C().m(); for await (const x of C.n());
    `);
    // 1 + f's 2 + 1 around it, g's 1 + 1 turn, m's 1 + 1 around it, n's 1
    expect(notebook.checkpoints).toBe(9);
  });

  it("rejects where it stands", async () => {
    expect(await run("let a; try { await Promise.reject(3) } catch (e) { a = e } a")).toBe(3);
    await expect(run("await Promise.reject(new RangeError('far'))")).rejects.toThrow(RangeError);
  });

  it("keeps what was declared before it", async () => {
    const notebook = new TestNotebook();
    const ended = notebook.run(
      "const a = 1; await new Promise((resolve) => setTimeout(resolve, 5)); const b = 2",
    );
    expect(notebook.run("a")).toBe(1);
    expect(notebook.scope).not.toHaveProperty("b");
    await ended;
    expect(notebook.run("b")).toBe(2);
  });
});

describe("for await", () => {
  it("goes through asynchronous and ordinary sources, also as the only thing waited for", async () => {
    const source = "async function* count() { yield 1; yield 2 }";
    expect(await run(source, "const all = []; for await (const x of count()) all.push(x); all")).toEqual([
      1, 2,
    ]);
    expect(
      await run("const all = []; for await (const x of [Promise.resolve(1), 2]) all.push(x); all"),
    ).toEqual([1, 2]);
    expect(await run("let last; for await (last of [1, 2]); last")).toBe(2);
    expect(
      await run(
        "async function f() { let n = 0; for await (const { x } of [{ x: 3 }]) n += x; return n }",
        "await f()",
      ),
    ).toBe(3);
  });

  it("closes its source when it is left", async () => {
    const source =
      "const seen: string[] = []; async function* count() { try { for (let i = 0; ; i++) yield i } finally { seen.push('closed') } }";
    expect(await run(source, "for await (const x of count()) if (x === 2) break; seen")).toEqual(["closed"]);
    expect(await run(source, "try { for await (const x of count()) throw 0 } catch {} seen")).toEqual([
      "closed",
    ]);
    expect(await run(source, "outer: for (;;) for await (const x of count()) break outer; seen")).toEqual([
      "closed",
    ]);
  });

  it("fails as its source does", async () => {
    await expect(
      run("for await (const x of (async function* () { throw new RangeError('far') })());"),
    ).rejects.toThrow(RangeError);
    await expect(run("for await (const x of 3 as any);")).rejects.toThrow(TypeError);
  });
});

describe("using", () => {
  const resource = `
    const seen: string[] = [];
    const open = (name: string) => ({ name, [Symbol.dispose]() { seen.push(name) } });
    const openAsync = (name: string) => ({ name, async [Symbol.asyncDispose]() { await 0; seen.push(name) } });
  `;

  it("disposes of what it holds when its cell ends, the last one first", async () => {
    const notebook = new TestNotebook();
    notebook.run(resource);
    expect(
      notebook.run("using a = open('a'), b = open('b'); const kept = a.name + b.name + seen.length; kept"),
    ).toBe("ab0");
    expect(notebook.run("seen")).toEqual(["b", "a"]);
    expect(notebook.run("kept")).toBe("ab0");
    expect(notebook.run("typeof a")).toBe("undefined");
  });

  it("leaves everything else of its cell to later cells", async () => {
    const cell = `
      using a = open("a");
      let x = 1; var y = 2; function f() { return x } class C { static z = a.name } enum E { e = 3 } namespace N { export const n = 4 }
      { var deep = 5 } const [p, { q }] = [6, { q: 7 }]; export const exported = 8; export default class D {}
    `;
    expect(await run(resource, cell, "[x, y, f(), C.z, E.e, N.n, deep, p, q, exported, typeof D]")).toEqual([
      1,
      2,
      1,
      "a",
      3,
      4,
      5,
      6,
      7,
      8,
      "function",
    ]);
  });

  it("disposes after an error, and waits where it says so", async () => {
    const notebook = new TestNotebook();
    notebook.run(resource);
    expect(() => notebook.run("using a = open('a'); throw new RangeError('far')")).toThrow(RangeError);
    await notebook.run("await using b = openAsync('b'); seen.push('body')");
    await notebook.run("for (using c of [open('c'), open('d')]) seen.push('turn')");
    await notebook.run("async function f() { await using e = openAsync('e'); } await f()");
    await notebook.run("for (await using g of [openAsync('g')]);");
    expect(notebook.run("seen")).toEqual(["a", "body", "b", "turn", "c", "turn", "d", "e", "g"]);
  });

  it("hides a name of the notebook", async () => {
    expect(
      await run(resource, "const a = { name: 'notebook' }", "using a = open('own'); (() => a.name)()"),
    ).toBe("own");
  });
});
