import { describe, expect, it } from "vitest";
import { run, TestNotebook } from "./test-notebook.js";

describe("classes", () => {
  it("have static, private, computed and inherited members of every kind", async () => {
    const cell = `
      const key = Symbol("key");
      abstract class Base { abstract area(): number; protected static made = 0; static make() { this.made++; return this.made } toString() { return "Base" } }
      class Square extends Base {
        #side = 2; static #count = 0; declare ignored: number; accessor label = "square"; override area() { return this.#side ** 2 }
        static { Square.#count = 10 }
        static get count() { return Square.#count++ } set side(n: number) { this.#side = n }
        [key]() { return super.toString() } static isOne(x: object) { return #side in x }
      }
      const s = new Square(); s.side = 3; s.label += "!";
    `;
    expect(
      await run(
        cell,
        "[s.area(), Square.count, Square.count, s[key](), Square.isOne(s), Square.isOne({}), s.label, Square.make(), 'ignored' in s]",
      ),
    ).toEqual([9, 10, 11, "Base", true, false, "square!", 1, false]);
  });

  it("extend those of earlier cells, also the one whose name they take", async () => {
    const notebook = new TestNotebook();
    notebook.run("class A { who() { return 'A' } }");
    notebook.run("const Old = A; class B extends A { who() { return 'B' + super.who() } }");
    expect(notebook.run("new B().who()")).toBe("BA");
    notebook.run("class A extends Old { who() { return 'new' + super.who() } }");
    expect(notebook.run("[new A().who(), new B().who(), new B() instanceof A]")).toEqual([
      "newA",
      "BA",
      false,
    ]);
  });

  it("know themselves as they were made", async () => {
    const cells = [
      "class A { static n = 1; static read() { return A.n } copy() { return new A() } }; const old = A",
      "class A { static n = 2 }",
    ];
    expect(await run(...cells, "[old.read(), A.n, new old().copy() instanceof old]")).toEqual([1, 2, true]);
  });

  it("are used by functions of earlier cells in their newest version", async () => {
    expect(await run("class A { n = 1 } const make = () => new A()", "class A { n = 2 }", "make().n")).toBe(
      2,
    );
  });

  it("are not there before their declaration", async () => {
    await expect(run("new A(); class A {}")).rejects.toThrow();
  });

  it("keep `this` in their members' initial values", async () => {
    expect(
      await run("class A { n = 1; m = () => this.n; static s = this.name }", "[new A().m.call(null), A.s]"),
    ).toEqual([1, "A"]);
  });

  it("without a name are values", async () => {
    expect(
      await run(
        "const A = class { static x = 1 }, B = class extends A { static y = this.x + 1 }",
        "[A.x, B.y, B.name]",
      ),
    ).toEqual([1, 2, "B"]);
  });
});

describe("decorators", () => {
  const log = `
    const seen: unknown[] = [];
    function note(this: unknown, value: any, context: DecoratorContext) { seen.push([this, context.kind, context.name]); }
    const twice = (f: Function) => function (this: unknown) { return f.call(this) * 2 };
    const tagged = (tag: string) => (value: any, context: ClassDecoratorContext) => { seen.push(tag); };
  `;

  it("of earlier cells are called on classes and members, without a receiver", async () => {
    const cell = `
      @note @tagged("first") @(tagged)("second")
      class A { @note field = 1; @twice method() { return this.field } @note accessor auto = 2; @note get getter() { return 3 } @note static s = 4 }
    `;
    const notebook = new TestNotebook();
    notebook.run(log);
    notebook.run(cell);
    expect(notebook.run("[new A().method(), A.name]")).toEqual([2, "A"]);
    expect(notebook.run("seen")).toEqual([
      [undefined, "accessor", "auto"],
      [undefined, "getter", "getter"],
      [undefined, "field", "s"],
      [undefined, "field", "field"],
      "second",
      "first",
      [undefined, "class", "A"],
    ]);
  });

  it("of a namespace are called on it", async () => {
    const cell =
      "const space = { tags: [] as string[], mark(_: unknown, { name }: any) { this.tags.push(name) } }; @space.mark class A {}";
    expect(await run(cell, "space.tags")).toEqual(["A"]);
  });

  it("replace a class, which then knows itself as the replacement", async () => {
    const cell = `
      const replace = <T extends new () => object>(C: T) => class extends C { extra = 1 } as T;
      @replace class A { static make() { return new A() } }
    `;
    expect(await run(cell, "[(A.make() as any).extra, (new A() as any).extra]")).toEqual([1, 1]);
  });

  it("stand before or after the word export", async () => {
    expect(await run(log, "@note export class A {} export @note class B {} seen.length")).toBe(2);
  });
});
