import { describe, expect, it } from "vitest";
import { hasTopLevelForAwait, spellOutShorthand } from "../src/compiler/source-repairs.js";

describe("spellOutShorthand", () => {
  it.each([
    ["f({ seed })", "f({ seed: seed })"],
    ["const o = { a, b: { c }, d: 1 };", "const o = { a: a, b: { c: c }, d: 1 };"],
    ["({ a, b = 2 } = o)", "({ a: a, b: b = 2 } = o)"],
    ["const { a } = o; import { b } from 'x';", "const { a } = o; import { b } from 'x';"],
  ])("writes %s as %s", (source, repaired) => {
    expect(spellOutShorthand(source).code).toBe(repaired);
  });

  it("finds the way back to where something stood", () => {
    const source = "const first = { alpha, beta,\n  gamma }; rest";
    const { code, toOriginal } = spellOutShorthand(source);
    for (const word of ["first", "alpha", "beta", "gamma", "rest"]) {
      const offset = code.indexOf(word);
      const lines = code.slice(0, offset).split("\n");
      const position = { offset, line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
      const original = toOriginal(position);
      expect(source.slice(original.offset, original.offset + word.length)).toBe(word);
      expect(source.split("\n")[original.line]?.slice(original.character)).toMatch(new RegExp(`^${word}`));
    }
  });
});

describe("hasTopLevelForAwait", () => {
  it.each([
    ["for await (const x of y) {}", true],
    ["if (a) { for await (const x of y) {} }", true],
    ["async function f() { for await (const x of y) {} }", false],
    ["for (const x of y) {}", false],
  ])("%s: %s", (source, expected) => {
    expect(hasTopLevelForAwait(source)).toBe(expected);
  });
});
