import { describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";

const notebook = startNotebookKernel();
const { write, resultOf, failureOf } = notebook;

const wrong = 'const wrong: number = "text";';
const wrongMessage = "TS2322: Type 'string' is not assignable to type 'number'.";

describe("type errors", () => {
  it("stop a cell before anything of it has run", async () => {
    const { reply, stdout, stderr } = await notebook.kernel.execute(`${wrong} console.log("ran")`);
    expect(reply).toMatchObject({ status: "error", ename: "TypeScriptError", evalue: wrongMessage });
    expect([stdout, stderr]).toEqual(["", ""]);
    expect((await failureOf("wrong")).evalue).toContain("Cannot find name 'wrong'");
  });

  it("are shown all at once, each with its lines", async () => {
    const { evalue, traceback, cell } = await failureOf(
      "interface Shape { sides: number }\nconst a: Shape = { sides: '3' };\n\n\nmissing(a);\nconst b = 1; b = 2;",
    );
    expect(evalue).toBe("TS2322: Type 'string' is not assignable to type 'number'. (and 2 more)");
    expect(traceback).toEqual([
      "TypeScriptError: TS2322: Type 'string' is not assignable to type 'number'.",
      "  1 | interface Shape { sides: number }",
      "> 2 | const a: Shape = { sides: '3' };",
      "    |                    ^^^^^",
      "  3 |",
      "  4 |",
      `    at ${cell}, line 2`,
      "",
      "TypeScriptError: TS2304: Cannot find name 'missing'.",
      "  3 |",
      "  4 |",
      "> 5 | missing(a);",
      "    | ^^^^^^^",
      "  6 | const b = 1; b = 2;",
      `    at ${cell}, line 5`,
      "",
      "TypeScriptError: TS2588: Cannot assign to 'b' because it is a constant.",
      "  4 |",
      "  5 | missing(a);",
      "> 6 | const b = 1; b = 2;",
      "    |              ^",
      `    at ${cell}, line 6`,
    ]);
  });

  it("explain themselves at length", async () => {
    const { evalue } = await failureOf(
      "const f: (x: { a: { b: number } }) => void = (x: { a: { b: string } }) => {}",
    );
    expect(evalue.split("\n").slice(1)).toEqual([
      "  Types of parameters 'x' and 'x' are incompatible.",
      "    Type '{ a: { b: number; }; }' is not assignable to type '{ a: { b: string; }; }'.",
      "      The types of 'a.b' are incompatible between these types.",
      "        Type 'number' is not assignable to type 'string'.",
    ]);
  });

  it("show no more of a long line than what is around the place", async () => {
    const { traceback } = await failureOf(
      `const long = '${"x".repeat(3000)}'; const n: number = '${"y".repeat(3000)}'`,
    );
    const [, line = "", mark = ""] = traceback;
    expect(line.length).toBeLessThan(200);
    expect(line.slice(mark.indexOf("^"))).toMatch(/^n: number/);
  });

  it("are those of local files, too, with the file's lines", async () => {
    write({
      "inner.ts": "export const text = 'x';\nexport const inner: number = text;",
      "outer.ts": "export { inner } from './inner'",
    });
    const { traceback, cell } = await failureOf(`import { inner } from './outer'; ${wrong}`);
    expect(traceback).toEqual([
      "TypeScriptError: TS2322: Type 'string' is not assignable to type 'number'.",
      "  1 | export const text = 'x';",
      "> 2 | export const inner: number = text;",
      "    |              ^^^^^",
      "    at inner.ts, line 2",
      "",
      "TypeScriptError: TS2322: Type 'string' is not assignable to type 'number'.",
      `> 1 | import { inner } from './outer'; ${wrong}`,
      "    |                                        ^^^^^",
      `    at ${cell}, line 1`,
    ]);
    await resultOf("process.chdir('/'); 1");
    expect((await failureOf("import { inner } from './outer'")).traceback).toContain(
      "> 2 | export const inner: number = text;",
    );
    await resultOf(`process.chdir(${JSON.stringify(notebook.folder)}); 1`);
  });

  it("do not stop the cells after them when these are not to be stopped", async () => {
    notebook.kernel.sendExecute(wrong, { stop_on_error: false });
    expect(await resultOf("1 + 1")).toBe("2");
  });
});

describe("the switch", () => {
  /** What a cell that is not stopped is told of its types; it need not have waited for that. */
  async function warned(code: string) {
    const cell = notebook.kernel.sendExecute(code);
    const { content } = await notebook.kernel.waitForPublication("stream", (message) => {
      return message.parent_header.msg_id === cell && message.content.name === "stderr";
    });
    return { ...(await notebook.kernel.waitForExecution(cell)), warning: content.text as string };
  }

  it("in a comment before the code warns: the cell runs, and its errors stand in its output", async () => {
    const { reply, stdout, text, warning } = await warned(
      `// typecheck: warn\n${wrong} console.log("ran"); wrong`,
    );
    expect(reply.status).toBe("ok");
    expect([stdout, text]).toEqual(["ran\n", "'text'"]);
    expect(warning).toBe(
      `TypeScriptError: TS2322: Type 'string' is not assignable to type 'number'.\n  1 | // typecheck: warn\n> 2 | ${wrong} console.log("ran"); wrong\n    |       ^^^^^\n    at cell [${reply.execution_count}], line 2\n`,
    );
  });

  it("warns of a cell that fails, too", async () => {
    const { reply, warning } = await warned(`// typecheck: warn\n${wrong} throw new RangeError("far")`);
    expect(reply).toMatchObject({ status: "error", ename: "RangeError" });
    expect(warning).toContain("TS2322");
  });

  it("in a comment turns checking off", async () => {
    const { reply, stderr, text } = await notebook.kernel.execute(
      `/* Quick. */\n// typecheck: off\n${wrong} wrong`,
    );
    expect([reply.status, stderr, text]).toEqual(["ok", "", "'text'"]);
  });

  it.each([
    "//typecheck:off",
    "// typecheck: off - for the moment",
    "/* typecheck: off */",
    "/**\n * typecheck: off\n */",
    "\n\n  // Some words.\n  // typecheck: off",
    "// TypeCheck: OFF",
  ])("is read from %j", async (comment) => {
    expect(await resultOf(`${comment}\n${wrong} wrong`)).toBe("'text'");
  });

  it.each([
    "1; // typecheck: off\n",
    "'// typecheck: off';\n",
    "// typecheck: offline\n",
    "// no typecheck here\n",
  ])("is not read from %j", async (start) => {
    expect((await failureOf(`${start}${wrong}`)).ename).toBe("TypeScriptError");
  });

  it("for the notebook is a setting, which a cell's comment overrules", async () => {
    await resultOf("import { settings } from '@latentlab/kernel'; settings.typeCheck = 'off'; 1");
    expect((await notebook.kernel.execute(`${wrong} wrong`)).text).toBe("'text'");
    expect((await failureOf(`// typecheck: stop\n${wrong}`)).ename).toBe("TypeScriptError");
    await resultOf("settings.typeCheck = 'warn'; 1");
    const { text, warning } = await warned(`${wrong} wrong`);
    expect([text, warning.includes("TS2322")]).toEqual(["'text'", true]);
    await resultOf("settings.typeCheck = 'stop'; 1");
    expect((await failureOf(wrong)).ename).toBe("TypeScriptError");
    const { evalue } = await failureOf("// typecheck: off\nsettings.typeCheck = 'loud'");
    expect(evalue).toBe('typeCheck is one of "stop", "warn", "off", not "loud".');
  });

  it("leaves what unchecked cells declare to the types of later ones", async () => {
    await resultOf(
      "// typecheck: off\nconst unchecked = { a: missingType as string }; function missingType() {}\n1",
    );
    expect((await failureOf("unchecked.a.foo")).evalue).toContain(
      "Property 'foo' does not exist on type 'string'",
    );
  });

  it("lets functions use what later cells declare", async () => {
    await resultOf("// typecheck: off\nfunction first() { count++; return second(count) }\n1");
    expect(await resultOf("let count = 1; function second(n: number) { return n * 10 } first()")).toBe("20");
    const { ename, evalue } = await failureOf("// typecheck: off\nconst third = () => fourth(); third()");
    expect([ename, evalue]).toEqual(["ReferenceError", "fourth is not defined"]);
  });
});

describe("code that does not parse", () => {
  it.each([
    "stop",
    "warn",
    "off",
  ])("stops its cell with the place, whatever the switch (%s)", async (mode) => {
    const { ename, evalue, traceback, cell } = await failureOf(
      `// typecheck: ${mode}\nconst a = ;\nconsole.log('ran')`,
    );
    expect([ename, evalue]).toEqual(["TypeScriptError", "TS1109: Expression expected."]);
    expect(traceback.slice(1)).toEqual([
      `  1 | // typecheck: ${mode}`,
      "> 2 | const a = ;",
      "    |           ^",
      "  3 | console.log('ran')",
      `    at ${cell}, line 2`,
    ]);
  });

  it("and that only JavaScript refuses tells its place in the cell", async () => {
    const { ename, evalue, traceback, cell } = await failureOf(
      "// typecheck: off\ninterface Gone {\n  a: number\n}\nif (true) {\n  break;\n}",
    );
    expect([ename, evalue]).toEqual(["SyntaxError", "Illegal break statement"]);
    expect(traceback).toEqual([
      "SyntaxError: Illegal break statement",
      "  4 | }",
      "  5 | if (true) {",
      "> 6 |   break;",
      "    |   ^",
      "  7 | }",
    ]);
    expect(JSON.stringify(traceback)).not.toContain(`${cell}:`);
    expect((await failureOf("interface Gone {}\nfor (;;) { const x = 1; const x = 2 }")).evalue).toContain(
      "TS2451",
    );
  });

  it("and functions of such a cell are not there", async () => {
    await failureOf("// typecheck: off\nfunction neverMade() {} break");
    expect((await failureOf("neverMade()")).evalue).toContain("Cannot find name 'neverMade'");
  });
});
