import { rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, TestTypes, writeFiles, writePackage } from "./test-types.js";

const noFoo = (type: string) => [`2339: Property 'foo' does not exist on type '${type}'.`];

describe("packages", () => {
  it("bring their types: default, named, all, types alone", () => {
    const folder = makeFolder();
    writePackage(
      folder,
      "shapes",
      "export interface Side { n: number } export class Square { side: Side } export function area(s: Square): number; declare const main: { all: Square[] }; export default main; export namespace deep { type T = 'x'; const v: 1n }",
    );
    const types = new TestTypes(folder);
    expect(
      types.run(
        "import main, { Square, area as size, type Side, deep } from 'shapes'; import * as shapes from 'shapes'",
      ),
    ).toEqual([]);
    expect(types.run("new Square().side.foo")).toEqual(noFoo("Side"));
    expect(types.run("size(new Square()).foo; main.all.foo; shapes.deep.v.foo")).toEqual([
      ...noFoo("number"),
      ...noFoo("Square[]"),
      ...noFoo("1n"),
    ]);
    expect(
      types.run("const s: Side = { n: 'x' }; const t: deep.T = 'y'; class Own extends Square {}"),
    ).toHaveLength(2);
    expect(types.run("new Own().side.n.foo")).toEqual(noFoo("number"));
  });

  it("of CommonJS are what they export", () => {
    const folder = makeFolder();
    writePackage(
      folder,
      "old",
      "declare class Old { y: number } declare namespace Old { const z: string } export = Old;",
    );
    const types = new TestTypes(folder);
    expect(types.run("import Old from 'old'; import { z } from 'old'; import same = require('old')")).toEqual(
      [],
    );
    expect(types.run("new Old().y.foo; z.foo; new same().y.foo")).toEqual([
      ...noFoo("number"),
      ...noFoo("string"),
      ...noFoo("number"),
    ]);
  });

  it("that are there only after they were missed are found", () => {
    const folder = makeFolder();
    const types = new TestTypes(folder);
    const cell = "import { late } from 'late'";
    expect(types.run(cell)).toEqual([
      "2307: Cannot find module 'late' or its corresponding type declarations.",
    ]);
    writePackage(folder, "late", "export const late: 1n;");
    expect(types.run(cell)).toEqual([]);
    expect(types.run("late.foo")).toEqual(noFoo("1n"));
  });

  it("that got another export after it was missed are read anew", () => {
    const folder = makeFolder();
    const types = new TestTypes(folder);
    writePackage(folder, "grown", "export const a: 1n;");
    expect(types.run("import { b } from 'grown'")[0]).toMatch(
      /^2305: Module '"grown"' has no exported member 'b'/,
    );
    writePackage(folder, "grown", "export const a: 1n; export const b: 2n;");
    expect(types.run("import { b } from 'grown'")).toEqual([]);
    expect(types.run("b.foo")).toEqual(noFoo("2n"));
  });

  it("without types are anything", () => {
    const folder = makeFolder({
      "node_modules/plain/index.js": "exports.x = 1",
      "node_modules/plain/package.json": '{"name":"plain"}',
    });
    const types = new TestTypes(folder);
    expect(types.run("import plain, { x } from 'plain'")).toEqual([]);
    expect(types.run("x; plain")).toEqual([]);
  });

  it("have exports by condition", () => {
    const folder = makeFolder({
      "node_modules/modern/package.json": JSON.stringify({
        name: "modern",
        type: "module",
        exports: {
          ".": { types: "./t.d.ts", import: "./t.js" },
          "./sub": { import: { types: "./sub.d.ts", default: "./sub.js" } },
        },
      }),
      "node_modules/modern/t.d.ts": "export const a: 1n;",
      "node_modules/modern/sub.d.ts": "declare const d: 2n; export default d;",
    });
    const types = new TestTypes(folder);
    expect(types.run("import { a } from 'modern'; import d from 'modern/sub'", "a.foo; d.foo")).toEqual([
      ...noFoo("1n"),
      ...noFoo("2n"),
    ]);
    expect(types.run("import x from 'modern/t.js'")[0]).toMatch(/^2307/);
  });
});

describe("local files", () => {
  it("are imported with and without an extension, from folders, and as JSON", () => {
    const folder = makeFolder({
      "a.ts": "export const a = 1n; export type A = 'x'; export default class Main { m = a }",
      "folder/index.ts": "export * from './deep'; export * as deep from './deep'",
      "folder/deep.ts": "import { a } from '../a'; export const deepest = [a]",
      "view.tsx": "export const v = <T,>(x: T) => x",
      "data.json": '{ "list": [1, 2], "name": "x" }',
      "plain.js": "/** @returns {number} */ export function plain() { return 1 }",
    });
    const types = new TestTypes(folder);
    expect(
      types.run(
        "import Main, { a, type A } from './a'; import { deepest, deep } from './folder'; import data from './data.json'; import { v } from './view'; import { plain } from './plain.js'; import { a as again } from './a.ts'; import { a as third } from './a.js'",
      ),
    ).toEqual([]);
    expect(
      types.run(
        "a.foo; deepest.foo; deep.deepest.foo; data.list.foo; v(1n).foo; plain().foo; new Main().m.foo; again.foo; third.foo",
      ),
    ).toEqual([
      ...noFoo("1n"),
      ...noFoo("bigint[]"),
      ...noFoo("bigint[]"),
      ...noFoo("number[]"),
      ...noFoo("1n"),
      ...noFoo("number"),
      ...noFoo("bigint"),
      ...noFoo("1n"),
      ...noFoo("1n"),
    ]);
    expect(types.run("import data from './data.json' with { type: 'json' }", "data.name.foo")).toEqual(
      noFoo("string"),
    );
  });

  it("are read again when they have changed, also where they stand behind others", () => {
    const folder = makeFolder({ "a.ts": "export { b } from './b'", "b.ts": "export const b: number = 1" });
    const types = new TestTypes(folder);
    expect(types.run("import { b } from './a'", "b.foo")).toEqual(noFoo("number"));
    writeFiles(folder, { "b.ts": "export const b: string = ''" });
    expect(types.run("b.foo")).toEqual(noFoo("string"));
    expect(types.run("import { b } from './a'", "b.foo")).toEqual(noFoo("string"));
  });

  it("appear and vanish", () => {
    const folder = makeFolder();
    const types = new TestTypes(folder);
    const missing = "2307: Cannot find module './new' or its corresponding type declarations.";
    expect(types.run("import { n } from './new'")).toEqual([missing]);
    writeFiles(folder, { "new.ts": "export const n = 1n" });
    expect(types.run("import { n } from './new'")).toEqual([]);
    expect(types.run("n.foo")).toEqual(noFoo("1n"));
    rmSync(path.join(folder, "new.ts"));
    expect(types.run("import { n } from './new'")).toEqual([missing]);
  });

  it("with errors are named with them, also where they stand behind others", () => {
    const folder = makeFolder({
      "a.ts": "import { b } from './sub/b'; export const a: string = b",
      "sub/b.ts": "export const b = 1;\nexport const c: string = b",
    });
    const types = new TestTypes(folder);
    expect(types.check("import { a } from './a'").sort()).toEqual([
      "a.ts 2322: Type 'number' is not assignable to type 'string'.",
      "sub/b.ts 2322: Type 'number' is not assignable to type 'string'.",
    ]);
    const diagnostics = types.checker.check("import { b } from './sub/b'");
    expect(diagnostics[0]).toMatchObject({
      fileName: path.join("sub", "b.ts"),
      start: { line: 1, character: 13 },
    });
    writeFiles(folder, { "a.ts": "export const a = ''", "sub/b.ts": "export const b = 1" });
    expect(types.check("import { a } from './a'; import { b } from './sub/b'")).toEqual([]);
  });

  it("with errors do not trouble cells that do not import them", () => {
    const folder = makeFolder({ "bad.ts": "export const a: string = 1" });
    const types = new TestTypes(folder);
    types.run("import { a } from './bad'");
    expect(types.run("1 + 1")).toEqual([]);
    expect(types.run("a.length")).toEqual([]);
  });

  it("that do not parse are named with the place", () => {
    const folder = makeFolder({ "bad.ts": "export const a = ;" });
    expect(new TestTypes(folder).check("import { a } from './bad'")).toEqual([
      "bad.ts 1109: Expression expected.",
    ]);
  });

  it("import one another", () => {
    const folder = makeFolder({
      "a.ts": "import { b } from './b'; export const a = (): number => b()",
      "b.ts": "import { a } from './a'; export const b = (): number => a()",
    });
    expect(new TestTypes(folder).run("import { a } from './a'", "a().foo")).toEqual(noFoo("number"));
  });

  it("have classes that are the same in every cell", () => {
    const folder = makeFolder({ "model.ts": "export class Model { private w = 1 }" });
    const types = new TestTypes(folder);
    types.run(
      "import { Model } from './model'; const m = new Model()",
      "import { Model } from './model'; function use(x: Model) {}",
    );
    expect(types.run("use(m)")).toEqual([]);
  });
});

describe("the notebook's folder", () => {
  it("may have its own types of Node, or none at all", () => {
    const folder = makeFolder();
    writePackage(folder, "@types/node", "declare module 'node:fs' { export const own: 1n }");
    expect(new TestTypes(folder).run("import { own } from 'node:fs'", "own.foo")).toEqual(noFoo("1n"));
    expect(new TestTypes().run("process.pid.foo")).toEqual(noFoo("number"));
  });

  it("lends types that are not for everyone to those who import them alone", () => {
    const folder = makeFolder();
    writePackage(folder, "@types/other", "declare var everywhere: number;");
    expect(new TestTypes(folder).run("everywhere")).toEqual(["2304: Cannot find name 'everywhere'."]);
  });
});

describe("what cells add to the types of others", () => {
  it("stays", () => {
    const types = new TestTypes();
    expect(
      types.run(
        "class Mine { m = 1n } declare global { interface Array<T> { mine(): Mine } var fromCell: Mine[] }",
      ),
    ).toEqual([]);
    types.run("1", "2");
    expect(types.run("[1].mine().m.foo; fromCell.foo; globalThis.fromCell.foo; global.process.pid")).toEqual([
      ...noFoo("bigint"),
      ...noFoo("Mine[]"),
      ...noFoo("Mine[]"),
    ]);
  });

  it("may be declared anew", () => {
    const types = new TestTypes();
    types.run(
      "declare global { interface Array<T> { own: number } var fromCell: number }",
      "declare global { interface Array<T> { other: 1n } }",
    );
    expect(types.run("declare global { interface Array<T> { own: string } var fromCell: string }")).toEqual(
      [],
    );
    expect(types.run("[].own.foo; fromCell.foo; [].other.foo")).toEqual([
      ...noFoo("string"),
      ...noFoo("string"),
      ...noFoo("1n"),
    ]);
  });

  it("reaches packages", () => {
    const folder = makeFolder();
    writePackage(folder, "open", "export interface Options { a: number }");
    const types = new TestTypes(folder);
    expect(
      types.run(
        "import 'open'; type Extra = 1n; declare module 'open' { interface Options { extra: Extra } }",
      ),
    ).toEqual([]);
    expect(
      types.run("import type { Options } from 'open'; const o: Options = { a: 1, extra: 1n }", "o.extra.foo"),
    ).toEqual(noFoo("1n"));
  });

  it("comes with imports for effect", () => {
    const folder = makeFolder({ "effect.ts": "declare global { var byEffect: 1n } export {}" });
    const types = new TestTypes(folder);
    expect(types.run("import './effect'", "1", "byEffect.foo")).toEqual(noFoo("1n"));
  });
});
