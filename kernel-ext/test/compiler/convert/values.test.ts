import { describe, expect, it } from "vitest";
import { run, runAll, TestNotebook } from "./test-notebook.js";

describe("the value of a cell", () => {
  it.each<[string, unknown]>([
    ["1 + 1", 2],
    ["1; 2", 2],
    ["3;;;", 3],
    ["4 // comment", 4],
    ["5\n\n/* comment */\n;\n// another", 5],
    ["// before\n6", 6],
    ["({ a: 7 })", { a: 7 }],
    ["[8]", [8]],
    ["await 9", 9],
    ["await Promise.resolve([10])", [10]],
    ["(await import('m')).x", 11],
    ["let a; a = 12", 12],
    ["let b = 12; b++", 12],
    ["'use strict'", "use strict"],
    ["null", null],
    ["undefined", undefined],
    ["void 0", undefined],
    ["/re[/]g/.test('re/g')", true],
    ["`a\nb`", "a\nb"],
    ["(1, 13)", 13],
    ["1, 14", 14],
    ["export default 15", 15],
    ["typeof 1", "number"],
    ["<number>16", 16],
    ["17 as const", 17],
    ["(() => 18)()", 18],
    ["new Date(0).getTime()", 0],
    ["true ? 19 : 0", 19],
    ["delete ({ a: 1 }).a", true],
    ["'\\u{1F642}🙂'", "🙂🙂"],
  ])("%j is that of its last expression", async (code, value) => {
    const notebook = new TestNotebook();
    notebook.modules.m = { x: 11 };
    expect(await notebook.run(code)).toEqual(value);
  });

  it.each([
    "",
    " \n\t",
    ";",
    "// only a comment",
    "/* only\na comment */",
    "const a = 1",
    "let b = 1, c",
    "function f() { return 1 }",
    "class C {}",
    "enum E { x }",
    "interface I {}",
    "1; const d = 1",
    "if (true) 1",
    "{ 1 }",
    "for (const x of [1]) x",
    "import 'm'",
    "export {}",
    "debugger",
    "while (false);",
    "const t = `\nexports.tsLastExpr = 1`",
    "/** @deprecated */",
    "<!-- no --> // and yet a comment".slice(11),
  ])("%j has none", async (code) => {
    const notebook = new TestNotebook();
    notebook.modules.m = {};
    expect(await notebook.run(code)).toBeUndefined();
  });

  it("does not come from the cell before", async () => {
    expect(await runAll("1", "const a = 1", "null", "undefined")).toEqual([1, undefined, null, undefined]);
  });
});

describe("cells as texts", () => {
  it("may end their lines as Windows does", async () => {
    expect(await run("const a = 1\r\nconst b = `x\r\ny`;\r\n// comment\r\n[a, b]\r\n")).toEqual([1, "x\ny"]);
  });

  it("may begin with a byte order mark or with the name of a program", async () => {
    expect(await run("\uFEFFconst a = 1; a")).toBe(1);
    expect(await run("#!/usr/bin/env node\nconst a = 2; a")).toBe(2);
  });

  it("keep lines of texts that look like the compiler's own", async () => {
    const text = 'export {};\n//# sourceMappingURL=cell.js.map\n"use strict";';
    expect(await run(`const a = \`\n${text}\n\``, "a")).toBe(`\n${text}\n`);
    expect(await run(`\`${text}\``)).toBe(text);
  });

  it("may hold comments and directives anywhere", async () => {
    const cell = `"use strict"; /* a */ const /* b */ a /* c */ = /* d */ 1 // e
      // @ts-ignore
      //# sourceURL=other.js
      //# sourceMappingURL=${"other.js.map"}
      a /* f */`;
    expect(await run(cell)).toBe(1);
  });

  it("are strict", async () => {
    await expect(run("Object.freeze([1]).push(2)")).rejects.toThrow(TypeError);
    expect(await run("(function () { return this === undefined })()")).toBe(true);
    expect(await run("this")).toBeUndefined();
  });

  it("are converted in a time that grows with their length alone", () => {
    const lines = (count: number) =>
      Array.from(
        { length: count },
        (_, i) =>
          `const v${i} = ${i === 0 ? 1 : `v${i - 1} + 1`}; function f${i}(n: number) { return n + v${i} }`,
      );
    const timeOf = (count: number) => {
      const notebook = new TestNotebook();
      const startMs = performance.now();
      expect(notebook.run(`${lines(count).join("\n")}\nf${count - 1}(0)`)).toBe(count);
      return performance.now() - startMs;
    };
    timeOf(1000);
    const [short, long] = [timeOf(1000), timeOf(8000)];
    expect(long).toBeLessThan(Math.max(short, 50) * 8 * 3);
  });

  it("may nest deeply", async () => {
    expect(await run(`${"(".repeat(300)}1${")".repeat(300)}`)).toBe(1);
    expect(await run(Array.from({ length: 1000 }, () => "1").join(" + "))).toBe(1000);
    expect(await run(`${"{".repeat(300)}${"}".repeat(300)} 2`)).toBe(2);
  });
});

describe("what is not TypeScript", () => {
  it.each([
    ["const a = ;", "Expression expected."],
    ["let 1x = 3", "Variable declaration not allowed at this location."],
    ["if (true) {", "'}' expected."],
    ["`abc", "Unterminated template literal."],
    ["'abc", "Unterminated string literal."],
    ["/* abc", "'*/' expected."],
    ["const a: = 1", "Type expected."],
    ["<div>text</div>", "Unterminated regular expression literal."],
    ["function (", "Identifier expected."],
  ])("%j is refused with the reason", async (code, reason) => {
    await expect(run(code)).rejects.toThrow(reason);
  });

  it.each([
    "const a = 1; const a = 2; a",
    "break",
    "return 3",
    "({}) = 1",
    "const b",
  ])("but what only the type checker refuses, %j, does not break the converter", async (code) => {
    const notebook = new TestNotebook();
    await Promise.resolve()
      .then(() => notebook.run(code))
      .catch((error) => expect(error).toBeInstanceOf(SyntaxError));
    expect(notebook.run("1 + 1")).toBe(2);
  });
});
