import { beforeAll, describe, expect, it } from "vitest";
import { TestTypes } from "./test-types.js";

let types: TestTypes;
beforeAll(() => {
  types = new TestTypes();
});

const noFoo = (type: string) => [`2339: Property 'foo' does not exist on type '${type}'.`];

describe("types across cells", () => {
  it.each([
    ["const a1 = 1", "a1.foo", "1"],
    ["let a2 = 1", "a2.foo", "number"],
    ["var a3 = ['x']", "a3.foo", "string[]"],
    ["const { b1, b2: [b3], ...b4 } = { b1: 1, b2: ['x'], b5: true }", "b4.foo", "{ b5: boolean; }"],
    ["function f1<T>(x: T) { return [x] }", "f1('x').foo", "string[]"],
    ["const f2 = async () => ({ y: 1 })", "(await f2()).foo", "{ y: number; }"],
    ["function* f3() { yield 1 }", "[...f3()][0].foo", "number"],
    [
      "class C1<T> { constructor(readonly v: T) {} map() { return this } }",
      "new C1('x').map().v.foo",
      "string",
    ],
    ["abstract class C2 { static make() { return 1n } }", "C2.make().foo", "bigint"],
    ["const C3 = class { #p = 1; private q = 2; static s = 'x' }", "C3.s.foo", "string"],
    ["enum E1 { A, B }", "E1.A.foo", "E1.A"],
    ["const enum E2 { A = 'x' }", "E2.A.foo", "E2.A"],
    ["namespace N1 { export const k = 1; export interface I { i: number } }", "({} as N1.I).foo", "I"],
    ["namespace N2.M { export function f() { return 'x' } }", "N2.M.f().foo", "string"],
    ["interface I1 { i: I1[] }", "({} as I1).i.foo", "I1[]"],
    ["type T1<X> = { x: X } | X[]; type T2 = T1<1>[]", "({} as { t: T2 }).t.foo", "T2"],
    ["const s1: unique symbol = Symbol()", "({ [s1]: 1 })[s1].foo", "number"],
    ["const t1 = [1, 'x'] as const", "t1[1].foo", `"x"`],
    ["import { readFileSync } from 'node:fs'", "readFileSync('x').foo", "NonSharedBuffer"],
    ["import { readFileSync as read } from 'node:fs'", "read('x').foo", "NonSharedBuffer"],
    ["import os from 'node:os'", "os.cpus().foo", "CpuInfo[]"],
    ["import * as nodePath from 'node:path'", "nodePath.basename('x').foo", "string"],
    ["import Emitter from 'node:events'", "new Emitter().foo", "EventEmitter<DefaultEventMap>"],
    ["import { type Stats } from 'node:fs'", "({} as Stats).foo", "Stats"],
    ["import type { ParsedPath } from 'node:path'", "({} as ParsedPath).foo", "ParsedPath"],
    ["import fs = require('node:fs')", "fs.existsSync('x').foo", "boolean"],
    [
      "namespace N3 { export type T = 'x'; export const v = 2 } import NT = N3.T; import nv = N3.v",
      "nv.foo",
      "2",
    ],
    ["for (var v1 = 0; v1 < 1; v1++) { var v2: string | number = 'x' }", "v1.foo", "number"],
    ["declare const d1: bigint; declare function d2(): void", "d1.foo", "bigint"],
    ["export const e1 = 1n; export default function e2() { return 'x' }", "e2().foo", "string"],
    ["export class e3 { y = 1 } export { e3 as renamed }", "new e3().y.foo", "number"],
    ["const w1 = await Promise.resolve({ z: 1 })", "w1.z.foo", "number"],
    ["const größe = 1n, 𝒳 = größe", "𝒳.foo", "1n"],
  ])("%s", (declaration, use, type) => {
    expect(types.run(declaration)).toEqual([]);
    expect(types.run(use)).toEqual(noFoo(type));
  });

  it("of classes stay those of classes, private members included", () => {
    expect(
      types.run(
        "class Safe { #secret = 1; private hidden = 2; protected kept = 3 }",
        "class Heir extends Safe { show() { return this.kept } }",
      ),
    ).toEqual([]);
    expect(types.run("new Heir().hidden")).toEqual([
      "2341: Property 'hidden' is private and only accessible within class 'Safe'.",
    ]);
    expect(types.run("const fake: Safe = { kept: 3 } as any as { kept: number }")).toHaveLength(1);
  });

  it("keep overloads and generic parameters", () => {
    types.run(
      "function pick(x: string): 's'; function pick(x: number): 'n'; function pick(x: any): any { return x }",
    );
    expect(types.run("pick('x').foo")).toEqual(noFoo('"s"'));
    expect(types.run("pick(1).foo")).toEqual(noFoo('"n"'));
    expect(types.run("pick(true)")[0]).toMatch(/^2769: No overload matches this call\./);
    types.run("function first<const T extends readonly unknown[]>(list: T): T[0] { return list[0] }");
    expect(types.run("first(['x', 1]).foo")).toEqual(noFoo('"x"'));
  });

  it("narrow", () => {
    types.run(
      "let either: string | number = 1 as any; function isText(x: unknown): x is string { return typeof x === 'string' } function mustBeText(x: unknown): asserts x is string {}",
    );
    expect(types.run("if (typeof either === 'string') either.foo")).toEqual(noFoo("string"));
    expect(types.run("if (isText(either)) { either.length } else either.foo")).toEqual(noFoo("number"));
    expect(types.run("mustBeText(either); either.foo")).toEqual(noFoo("string"));
    expect(types.run("either = 3; either.foo")).toEqual(noFoo("number"));
  });

  it("refer to one another over many cells", () => {
    types.run(
      "class Layer<T> { constructor(readonly value: T) {} }",
      "const layer = new Layer(1)",
      "type L = typeof layer; type V = L['value']",
      "const list: L[] = [layer]; interface Box { l: L; more?: Box }",
    );
    expect(types.run("const box: Box = { l: layer }; list[0].value.foo")).toEqual(noFoo("number"));
    expect(types.run("box.more.l.value.foo; const v: V = 'x'")).toEqual([
      ...noFoo("number"),
      "2322: Type 'string' is not assignable to type 'number'.",
    ]);
    expect(types.run("const fun = (b: Box) => ({ b, layer, Layer })")).toEqual([]);
    expect(types.run("new (fun(box).Layer)(fun(box).b.l).value.value.foo")).toEqual(noFoo("number"));
  });

  it("of names that later cells bring are errors", () => {
    expect(types.run("notYet")).toEqual(["2304: Cannot find name 'notYet'."]);
    types.run("const notYet = 1");
    expect(types.run("notYet")).toEqual([]);
  });

  it("of what is disposed of do not outlive their cell", () => {
    expect(types.run("using handle = { [Symbol.dispose]() {}, n: 1 }; handle.n")).toEqual([]);
    expect(types.run("handle")).toEqual(["2304: Cannot find name 'handle'."]);
  });
});

describe("assignments", () => {
  it("to variables of earlier cells fit their types", () => {
    types.run("let number1 = 1; var number2 = 2; export let number3 = 3");
    expect(
      types.run(
        "number1 = 2; number2++; number3 += 1; [number1, number2] = [1, 2]; ({ number3 } = { number3: 4 })",
      ),
    ).toEqual([]);
    expect(types.run("number1 = 'x'")).toEqual(["2322: Type 'string' is not assignable to type 'number'."]);
    expect(types.run("for (number1 of ['x']);")).toEqual([
      "2322: Type 'string' is not assignable to type 'number'.",
    ]);
  });

  it.each([
    ["const fixed1 = 1", "fixed1 = 2", "2588: Cannot assign to 'fixed1' because it is a constant."],
    ["const fixed2 = 1", "fixed2++", "2588: Cannot assign to 'fixed2' because it is a constant."],
    [
      "function fixed3() {}",
      "fixed3 = () => {}",
      "2630: Cannot assign to 'fixed3' because it is a function.",
    ],
    ["class Fixed4 {}", "Fixed4 = null", "2629: Cannot assign to 'Fixed4' because it is a class."],
    ["enum Fixed5 { A }", "Fixed5 = null", "2628: Cannot assign to 'Fixed5' because it is an enum."],
    [
      "namespace Fixed6 { export const a = 1 }",
      "Fixed6 = null",
      "2631: Cannot assign to 'Fixed6' because it is a namespace.",
    ],
    [
      "import * as fixed7 from 'node:fs'",
      "fixed7 = null",
      "2632: Cannot assign to 'fixed7' because it is an import.",
    ],
  ])("after %s, %s is an error", (declaration, assignment, error) => {
    types.run(declaration);
    expect(types.run(assignment)).toEqual([error]);
    expect(types.run(`{ ${assignment.replace(/[;=+].*/, "")} }`)).toEqual([]);
  });
});

describe("names declared anew", () => {
  it("have their new type, in whatever way they are declared", () => {
    types.run("const again = 1");
    for (const [declaration, type] of [
      ["let again = 'x'", "string"],
      ["var again = [1]", "number[]"],
      ["class again { static a = 1 }", "typeof again"],
      ["function again() {}", "() => void"],
      ["enum again { A }", "typeof again"],
      ["namespace again { export const a = 1 }", "typeof again"],
      ["import * as again from 'node:os'", `typeof import("node:os")`],
      ["const again = 1n", "1n"],
    ] as const) {
      expect(types.run(declaration), declaration).toEqual([]);
      expect(types.run("again.foo"), declaration).toEqual(noFoo(type));
    }
  });

  it("leave older values their types, which errors call older", () => {
    types.run(
      "class Point { x = 1 }",
      "const old = new Point(); const take = (p: Point) => p",
      "class Point { y = 2 }",
    );
    expect(types.run("old.x; take(old)")).toEqual([]);
    expect(types.run("take(new Point())")).toEqual([
      "2345: Argument of type 'Point' is not assignable to parameter of type 'older Point'.\n  Property 'x' is missing in type 'Point' but required in type 'older Point'.",
    ]);
    expect(types.run("const fresh: Point = old")[0]).toContain(
      "missing in type 'older Point' but required in type 'Point'",
    );
  });

  it("may be made of their older selves", () => {
    expect(types.run("let count = 1", "const double = count * 2", "const count = String(double)")).toEqual(
      [],
    );
    expect(types.run("count.foo")).toEqual(noFoo("string"));
  });

  it("within their own cell are errors as ever", () => {
    expect(types.run("const twice = 1; const twice = 2")).toEqual([
      "2451: Cannot redeclare block-scoped variable 'twice'.",
      "2451: Cannot redeclare block-scoped variable 'twice'.",
    ]);
  });
});

describe("a cell that failed half-way", () => {
  it("leaves what had got a value", () => {
    const own = new TestTypes();
    own.run("const before = 1n; let kept = true");
    own.fail(
      "type Shape = 'x'; const before = 'x', reached = 2, { unreached } = { unreached: 3 }; function made() {} class Late {}",
      ["reached", "made"],
    );
    expect(own.run("before.foo")).toEqual(noFoo("1n"));
    expect(own.run("reached.foo; made(); const s: Shape = 'x'; kept")).toEqual(noFoo("2"));
    expect(own.run("unreached; Late")).toEqual([
      "2304: Cannot find name 'unreached'.",
      "2304: Cannot find name 'Late'.",
    ]);
  });

  it("leaves nothing but types when it never began", () => {
    const own = new TestTypes();
    own.fail("interface Shape { x: 1 } function made() {} import fs from 'node:fs'", []);
    expect(own.run("const s: Shape = { x: 1 }")).toEqual([]);
    expect(own.run("made(); fs")).toEqual(["2304: Cannot find name 'made'.", "2304: Cannot find name 'fs'."]);
  });
});

describe("errors", () => {
  it("are all listed, with their places in the cell", () => {
    const diagnostics = types.checker.check("const x: number = 'a'\n\n  missing()\r\nconst y = 1; y = 2");
    expect(
      diagnostics.map(({ code, start, end }) => [code, start.line, start.character, end.character]),
    ).toEqual([
      [2322, 0, 6, 7],
      [2304, 2, 2, 9],
      [2588, 3, 13, 14],
    ]);
    expect(diagnostics[1]?.start.offset).toBe(25);
  });

  it("of what the kernel adds to cells are nobody's", () => {
    expect(
      types.run("export default 1; export {}; export const own1 = 1; export { own1 as other1 }"),
    ).toEqual([]);
    expect(types.run("")).toEqual([]);
    expect(types.run("// comment")).toEqual([]);
    expect(types.run("/* comment */ 1 //")).toEqual([]);
    expect(
      types.run(
        "interface Local {} class Holder { private x: Local = {}; m() { class Inner { i = 1 } return new Inner() } }",
      ),
    ).toEqual([]);
    expect(
      types.run(
        "const anonymous = class { private x = 1; protected y = 2; #z = 3 }; const made1 = new anonymous()",
      ),
    ).toEqual([]);
  });

  it("do not grow without limit", () => {
    const [error = ""] = types.run(
      "import * as everything from 'node:fs'; everything.promises.nope; ({ ...everything }).nope",
    );
    expect(error.length).toBeLessThan(2000);
  });

  it.each([
    "await 1",
    "for await (const x of []);",
    "await using a1x = null",
    "let u1; await u1",
    "import.meta.url",
    "require('node:fs')",
    "__dirname",
  ])("are none for %s", (code) => {
    expect(types.run(code)).toEqual([]);
  });

  it("are none for today's syntax", () => {
    const cell = `
      const config = { a: 1, b: "x" } satisfies Record<string, number | string>;
      function tuple<const T extends readonly unknown[]>(list: T): T { return list }
      class Auto { accessor value = 1; static { Auto.prototype } @logged method() { return 1 } }
      function logged<This, Args extends unknown[], R>(f: (this: This, ...args: Args) => R, _: ClassMethodDecoratorContext) { return f }
      enum Flags { A = 1 << 0, B = \`x\`.length }
      type Getters<T> = { [K in keyof T as \`get\${Capitalize<string & K>}\`]: () => T[K] };
      { using resource = { [Symbol.dispose]() {} }; }
      const sorted = [3, 1].toSorted(), last = sorted.at(-1), found = sorted.findLast((x) => x > 1);
      let regex = /(?<year>\\d+)/v, big = 1_000n, nothing = config?.b ?? null;
      for (const [key, value] of Object.entries(config)) key.length + String(value).length;
    `;
    expect(types.run(cell)).toEqual([]);
  });
});

describe("names that the kernel itself uses", () => {
  it.each([
    "__cell1",
    "__cell__",
    "__notebook__",
    "__cell1_os",
    "__augmentation0",
    "__nested_x",
    "exports",
    "module",
    "_default",
  ])("%s is anybody's", (name) => {
    const own = new TestTypes();
    own.run(
      "class Kept { k = 1 } const kept = new Kept(); import os from 'node:os'; if (true) { var x = 1 }",
    );
    expect(own.run(`const ${name} = 1n`)).toEqual([]);
    expect(own.run(`${name}.foo`)).toEqual(noFoo("1n"));
    expect(own.run("kept.k.foo")).toEqual(noFoo("number"));
    expect(own.run("os.cpus().foo; x.foo")).toEqual([...noFoo("CpuInfo[]"), ...noFoo("number")]);
  });
});
