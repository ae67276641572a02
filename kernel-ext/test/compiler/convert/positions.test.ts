import { describe, expect, it } from "vitest";
import {
  type ConvertedCell,
  convertCell,
  prologueLines,
} from "../../../src/compiler/convert/convert-cell.js";
import { SourceRegistry } from "../../../src/compiler/source-registry.js";

/** Where the text of a cell that stands first in the converted code comes from. */
function sourceOf(code: string, text: string, known: string[] = []) {
  const converted = convertCell(code, { known: new Set(known), runtime: "runtime" }) as ConvertedCell;
  const sources = new SourceRegistry();
  sources.add("cell", code, converted.sourceMap, prologueLines);
  const before = converted.javascript.slice(0, converted.javascript.indexOf(text)).split("\n");
  expect(converted.javascript).toContain(text);
  return sources.locate("cell", before.length, (before.at(-1)?.length ?? 0) + 1);
}

describe("places of converted code", () => {
  it.each([
    ["throw new Error('x')", 1, 1, []],
    ["\n\n  throw new Error('x')", 3, 3, []],
    ["interface A {\n  a: number\n}\ntype B = A\n\nthrow new Error('x')", 6, 1, []],
    ["const a: number = 1; throw new Error('x')", 1, 22, []],
    ["import a from 'a'\nimport type b from 'b'\nthrow new Error('x')", 3, 1, []],
    ["function f<T>(\n  a: T,\n): T {\n  throw new Error('x')\n}", 4, 3, []],
    ["class A {\n  declare a: number;\n  m(): void {\n    throw new Error('x')\n  }\n}", 4, 5, []],
    ["enum E { a, b, c }\nthrow new Error('x')", 2, 1, []],
    ["// comment\r\n/* another\r\n*/\r\nthrow new Error('x')", 4, 1, []],
    ["using a = open();\n\nthrow new Error('x')", 3, 1, []],
    ["@dec class A {}\nthrow new Error('x')", 2, 1, []],
    ["'🙂🙂'; throw new Error('x')", 1, 9, []],
    ["x; x; x\nthrow new Error('x')", 2, 1, ["x"]],
    ["const text = `\n\n\n`\nthrow new Error('x')", 5, 1, []],
    ["#!/usr/bin/env node\nthrow new Error('x')", 2, 1, []],
  ])("%j", (code, line, column, known) => {
    expect(sourceOf(code, "throw new Error", known)).toMatchObject({ line, column });
  });

  it("are those of names and calls, which look different", () => {
    expect(sourceOf("1;\n  f(x)", "(0, $latentlab_scope.f)(", ["f", "x"])).toMatchObject({
      line: 2,
      column: 3,
    });
    expect(sourceOf("const a = 1\nconst b = a", "$latentlab_scope.b =")).toMatchObject({
      line: 2,
      column: 7,
    });
    expect(sourceOf("1;\nawait f()", "await $latentlab_cells", ["f"])).toMatchObject({ line: 2, column: 1 });
  });

  it("bring the source's lines", () => {
    expect(sourceOf("interface A {}\nthrow 1", "throw 1")?.lines).toEqual(["interface A {}", "throw 1"]);
  });

  it("are unknown in the kernel's own lines and in cells that nobody knows", () => {
    const sources = new SourceRegistry();
    const { sourceMap } = convertCell("1", { known: new Set(), runtime: "runtime" }) as ConvertedCell;
    sources.add("cell", "1", sourceMap, prologueLines);
    expect(sources.locate("cell", 1, 1)).toBeUndefined();
    expect(sources.locate("cell", 2, 1)).toMatchObject({ line: 1, column: 1 });
    expect(sources.locate("other", 2, 1)).toBeUndefined();
  });

  it("are forgotten of the oldest of very many cells", () => {
    const sources = new SourceRegistry();
    const { sourceMap } = convertCell("1", { known: new Set(), runtime: "runtime" }) as ConvertedCell;
    for (let count = 0; count < 1001; count++) sources.add(`cell ${count}`, "1", sourceMap, prologueLines);
    expect(sources.locate("cell 0", 2, 1)).toBeUndefined();
    expect(sources.locate("cell 1", 2, 1)).toBeDefined();
  });
});
