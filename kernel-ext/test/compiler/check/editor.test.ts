import { beforeAll, describe, expect, it } from "vitest";
import { checkCompleteness } from "../../../src/compiler/check/completeness.js";
import { makeFolder, TestTypes } from "./test-types.js";

let types: TestTypes;
beforeAll(() => {
  types = new TestTypes(
    makeFolder({ "helper.ts": "export const helped = 1", "sub/inner.ts": "export {}", "data.json": "{}" }),
  );
  types.run(
    `import * as path from "node:path"; import { readFileSync } from "node:fs";
     /**
      * Doubles a number.
      *
      * @param value any number
      * @returns twice the number
      * @example double(2) // 4
      */
     function double(value: number): number { return 2 * value }`,
    `/** How to train. */
     interface Options {
       /** Steps to take. */
       steps: number; mode?: "fast" | "slow"; "two words"?: 1 }
     /** All of them. */ const config = { alpha: 1, beta: { gamma: "x" } };
     let counter: number | undefined = 0; enum Side { Left, Right }
     /** Trains. */ function train(options: Options, name = "x") { return { loss: 1 } }
     class Model<T> {
       /** Of the model. */
       weights: T[] = [];
       /** Runs it. */
       run(input: T) { return input } static load() { return new Model<string>() } #secret = 1; private hidden = 2 }
     const model = new Model<number>(); namespace Space { export const inside = 1 }`,
  );
});

describe("completion", () => {
  it.each([
    ["dou|", "double"],
    ["x = dou|", "double"],
    ["f(dou|)", "double"],
    ["f(dou|", "double"],
    ["function g() { return dou|", "double"],
    ["const g = () => { if (true) { dou|", "double"],
    ["`text ${dou|", "double"],
    [`\`text \${dou|} more\``, "double"],
    ["for (const x of dou|", "double"],
    ["class A extends Mod|", "Model"],
    ["await dou|", "double"],
    ["@dou|", "double"],
    ["const a = 1\ndou|\nconst b = 2", "double"],
    ["let o: Opt|", "Options"],
    ["new Mod|", "Model"],
    ["config.|", "alpha"],
    ["config.beta.|", "gamma"],
    ["config?.|", "alpha"],
    ["config.|\nfoo()", "alpha"],
    ['config["|"]', "alpha"],
    ["const { | } = config", "alpha"],
    ["model.|", "weights"],
    ["Model.|", "load"],
    ['Model.load().run("").|', "charAt"],
    ["Side.|", "Right"],
    ["Space.|", "inside"],
    ["path.jo|", "join"],
    ["[1].map((v) => v.|)", "toFixed"],
    ["[1].map((v) => v.|", "toFixed"],
    ["train({ | })", "steps"],
    ["train({ |", "steps"],
    ['train({ steps: 1, mode: "|" })', "slow"],
    ['train({ steps: 1, mode: "|', "fast"],
    ['import { readF| } from "node:fs"', "readFile"],
    ['import x from "node:f|"', "node:fs"],
    ['import x from "./|"', "helper"],
    ['import x from "./sub/|"', "inner"],
    ['import { | } from "./helper"', "helped"],
    ['const x = await import("./|")', "helper"],
    ["const own = { z: 1 }; own.|", "z"],
    ["function own(first: number) { fir|", "first"],
    ["'🙂🙂'; const größe = { länge: 1 }; größe.lä|", "länge"],
  ])("at %j finds %j", (code, name) => {
    expect(types.complete(code).names).toContain(name);
  });

  it.each([
    "// dou|",
    "/* dou| */",
    "'dou|'",
    "const dou|",
    "model.hid|",
    "model.#|",
    "double(2).dou|",
  ])("at %j does not find names", (code) => {
    const { names } = types.complete(code);
    for (const name of ["double", "hidden", "#secret"]) expect(names).not.toContain(name);
  });

  it("never finds the kernel's own names and files", () => {
    for (const code of ["|", "__|", 'import x from "./|"', "typeof __n|"]) {
      expect(
        types.complete(code).names.filter((name) => /__(cell|notebook|augm)/.test(name)),
        code,
      ).toEqual([]);
    }
  });

  it("tells what names are", () => {
    const typeOf = (name: string) =>
      types.complete(`${name}|`).matches.find(({ text }) => text === name)?.type;
    expect(
      Object.fromEntries(
        [
          "double",
          "config",
          "counter",
          "Model",
          "Side",
          "Space",
          "readFileSync",
          "path",
          "parseInt",
          "const",
        ].map((name) => [name, typeOf(name)]),
      ),
    ).toEqual({
      double: "function",
      config: "const",
      counter: "let",
      Model: "class",
      Side: "enum",
      Space: "module",
      readFileSync: "alias",
      path: "alias",
      parseInt: "function",
      const: "keyword",
    });
  });

  it("tells what types are", () => {
    expect(types.complete("let o: Opt|").matches[0]).toEqual({ text: "Options", type: "type" });
  });

  it("lists what begins with the word first, then what contains it, and earlier cells' names before the rest", () => {
    const { names } = types.complete("model.|");
    expect(names).toEqual(["run", "weights"]);
    expect(types.complete("con|").names[0]).toBe("config");
    const found = types.complete("parse|").names;
    expect(found.slice(0, 2)).toEqual(["parseFloat", "parseInt"]);
    for (const name of found) expect(name.toLowerCase()).toContain("parse");
  });

  it.each([
    ["config.al|", "al"],
    ["config.al|pha", "alpha"],
    ["config.|", ""],
    ["x + dou|ble + 1", "double"],
    ['config["al|"]', "al"],
    ["größe.läng|e", "länge"],
  ])("at %j replaces the word", (code, word) => {
    expect(types.complete(code).replaced).toBe(word);
  });

  it("sees what the cell itself declares, also where an earlier cell has a name", () => {
    expect(types.complete("const config = { other: 1 }; config.|").names).toEqual(["other"]);
  });

  it("has a place in any code, however broken", () => {
    for (const code of [
      "",
      "|",
      "((((|",
      "}|",
      "`${|",
      "class {|",
      "import |",
      "\u0000|",
      "'unterminated|\n",
      "\uFEFFdou|",
      "/re|",
    ]) {
      const marked = code.includes("|") ? code : `${code}|`;
      const { start, end } = types.complete(marked);
      expect(start, code).toBeLessThanOrEqual(marked.indexOf("|"));
      expect(start, code).toBeGreaterThanOrEqual(0);
      expect(end, code).toBeGreaterThanOrEqual(start);
    }
  });
});

describe("inspection", () => {
  const textOf = (marked: string) => types.inspect(marked)?.text;

  it.each([
    ["dou|ble(3)", "function double(value: number): number\n\nDoubles a number."],
    ["|double", "function double(value: number): number\n\nDoubles a number."],
    ["double|", "function double(value: number): number\n\nDoubles a number."],
    ["double(|3)", "function double(value: number): number\n\nDoubles a number."],
    ["double(3|)", "function double(value: number): number\n\nDoubles a number."],
    ["double(|", "function double(value: number): number\n\nDoubles a number."],
    ["function g() { double(|", "function double(value: number): number\n\nDoubles a number."],
    ["function g() { dou|ble(1", "function double(value: number): number\n\nDoubles a number."],
    ["counter|", "let counter: number"],
    [
      "con|fig",
      "const config: {\n    alpha: number;\n    beta: {\n        gamma: string;\n    };\n}\n\nAll of them.",
    ],
    ["config.al|pha", "(property) alpha: number"],
    ["Mod|el", "class Model<T>"],
    ["new Mod|el<string>()", "new Model<string>(): Model<string>"],
    ["model.weig|hts", "(property) Model<number>.weights: number[]\n\nOf the model."],
    ["model.run(|", "(method) Model<number>.run(input: number): number\n\nRuns it."],
    ["let o: Opt|ions", "interface Options\n\nHow to train."],
    ["train({ ste|ps: 1 })", "(property) Options.steps: number\n\nSteps to take."],
    ["Side.Le|ft", "(enum member) Side.Left = 0"],
    ["Spa|ce", "namespace Space"],
    ["const own = 1; ow|n", "const own: 1"],
    ["(local: string) => loc|al", "(parameter) local: string"],
  ])("of %j", (code, text) => {
    expect(textOf(code)).toBe(text);
  });

  it("shows what packages document, the names of earlier cells' imports included", () => {
    expect(textOf("readFile|Sync('x')")).toMatch(
      /^function readFileSync\(path: PathOrFileDescriptor,[\s\S]*\n\nReturns the contents of the `path`\./,
    );
    expect(textOf("path.jo|in")).toMatch(
      /^\(method\) path\.PlatformPath\.join\([\s\S]*Join all arguments together/,
    );
    expect(textOf("pa|th")).toContain("path");
    expect(textOf("Math.ma|x(1)")).toMatch(
      /^\(method\) Math\.max\(\.\.\.values: number\[\]\): number\n\nReturns the larger/,
    );
  });

  it("tells more where more is asked for", () => {
    const { text = "", markdown = "" } = types.inspect("dou|ble", 1) ?? {};
    expect(text).toBe(
      "function double(value: number): number\n\nDoubles a number.\n\n@param value any number\n@returns twice the number\n@example double(2) // 4",
    );
    expect(markdown).toBe(
      "```typescript\nfunction double(value: number): number\n```\n\nDoubles a number.\n\n- @param value any number\n- @returns twice the number\n- @example double(2) // 4",
    );
    types.run(
      `const wide = { ${Array.from({ length: 80 }, (_, i) => `property${i}: "some text"`).join(", ")} }`,
    );
    const [short, long] = [types.inspect("wid|e", 0)?.text, types.inspect("wid|e", 1)?.text];
    expect(short).toMatch(/more/);
    expect(long).toContain("property79");
  });

  it.each(["   |", "|", "// comm|ent", "1 + |", "'te|xt'"])("finds nothing at %j", (code) => {
    expect(types.inspect(code)).toBeUndefined();
  });

  it("keeps documentation where names are declared anew", () => {
    types.run("/** First. */ const documented = 1", "/** Second. */ const documented = 'x'");
    expect(textOf("docu|mented")).toBe('const documented: "x"\n\nSecond.');
  });
});

describe("completeness", () => {
  it.each([
    ["", "complete"],
    ["1 + 1", "complete"],
    ["const a = 1;", "complete"],
    ["if (a) { b }", "complete"],
    [`\`a \${b} c\``, "complete"],
    ["/a[/]b/.test('x')", "complete"],
    ["await f()", "complete"],
    ["// comment", "complete"],
    ["/* comment */", "complete"],
    ["using a = b;", "complete"],
    ["@d class A {}", "complete"],
    ["const f = <T,>(x: T) => x", "complete"],
    ["missing.names + are * fine", "complete"],
    ["'🙂'", "complete"],
    ["if (a) {", "incomplete"],
    ["if (a)", "incomplete"],
    ["f(1,", "incomplete"],
    ["[1, 2", "incomplete"],
    ["({ a: 1,", "incomplete"],
    ["`a ${b", "incomplete"],
    [`\`a \${b}`, "incomplete"],
    ["`a\nb", "incomplete"],
    ["const a =", "incomplete"],
    ["a +", "incomplete"],
    ["a ?", "incomplete"],
    ["a.", "incomplete"],
    ["/* a", "incomplete"],
    ["class A {", "incomplete"],
    ["class A", "incomplete"],
    ["function f(a: number,", "incomplete"],
    ["for (;;", "incomplete"],
    ["try {} ", "incomplete"],
    ["import {", "incomplete"],
    ["import a from", "incomplete"],
    ["type A =", "incomplete"],
    ["() =>", "incomplete"],
    ["@d", "incomplete"],
    ["const a = ;", "invalid"],
    ["1x", "invalid"],
    ["'abc", "invalid"],
    ["'abc\nd'", "invalid"],
    ["}", "invalid"],
    ["if (a)) {", "invalid"],
    ["f(]", "invalid"],
    ["const 1 = a", "invalid"],
    ["a b c", "invalid"],
  ])("of %j is %s", (code, status) => {
    expect(checkCompleteness(code).status).toBe(status);
    expect(checkCompleteness(`const before = 1;\n${code}`).status).toBe(status);
  });

  it.each([
    ["if (a) {", "    "],
    ["if (a) {\n    for (const x of y) {", "        "],
    ["f(", "    "],
    ["f({", "        "],
    ["if (a) { '{' // {", "    "],
    ["const a =", ""],
    ["`a ${f(", "    "],
    ["[`{`, ", "    "],
    ["/[{]/.test(", "    "],
  ])("of %j indents the next line by %j", (code, indent) => {
    expect(checkCompleteness(code)).toEqual({ status: "incomplete", indent });
  });
});
