import path from "node:path";
import { describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";

const notebook = startNotebookKernel();
const { write, writePackage, resultOf, failureOf } = notebook;

describe("errors while code runs", () => {
  const frames = (traceback: string[]) => traceback.filter((line) => /^\s+at /.test(line));
  const marked = (traceback: string[]) => traceback.find((line) => line.startsWith(">"));

  it("are in the source's lines, behind everything that is erased", async () => {
    const { traceback, cell } = await failureOf(
      "interface A {\n  a: number;\n}\ntype B = A;\n\nfunction f<T extends B>(\n  x: T,\n): never {\n  throw new RangeError('far');\n}\nf({\n  a: 1,\n})",
    );
    expect(traceback[0]).toBe("RangeError: far");
    expect(marked(traceback)).toBe("> 9 |   throw new RangeError('far');".replace("> 9", ">  9"));
    expect(frames(traceback)).toEqual([`    at f (${cell}, line 9)`, `    at ${cell}, line 11`]);
  });

  it("in functions of earlier cells are in those cells' lines", async () => {
    const first = await notebook.kernel.execute(
      "type Gone = number;\nfunction early(x: Gone) {\n  return (null as any).length;\n}\nclass Early {\n  m() { return early(1); }\n  get g() { return this.m(); }\n}",
    );
    const { traceback, cell, evalue } = await failureOf(
      "// Comment.\nconst callEarly = () => new Early().g;\ncallEarly();",
    );
    const earlier = `cell [${first.reply.execution_count}]`;
    expect(evalue).toBe("Cannot read properties of null (reading 'length')");
    expect(marked(traceback)).toBe("> 3 |   return (null as any).length;");
    // Not every V8 calls accessors the same.
    expect(frames(traceback).map((line) => line.replace(" [as g]", ""))).toEqual([
      `    at early (${earlier}, line 3)`,
      `    at Early.m (${earlier}, line 6)`,
      `    at get g (${earlier}, line 7)`,
      `    at callEarly (${cell}, line 2)`,
      `    at ${cell}, line 3`,
    ]);
  });

  it("in functions of earlier cells are in those cells' lines, also after cells that do not count", async () => {
    const earlier = await notebook.kernel.execute("function early2() {\n\n  throw new Error('x')\n}");
    for (const options of [{ silent: true }, { store_history: false }]) {
      await notebook.kernel.execute("const other = 1", options);
      const { traceback } = await failureOf("early2()");
      expect(frames(traceback)[0]).toBe(`    at early2 (cell [${earlier.reply.execution_count}], line 3)`);
    }
    const { reply } = await notebook.kernel.execute("\nnull as any\n\nthrow new Error('y')", {
      store_history: false,
    });
    expect(frames(reply.traceback)).toEqual([
      expect.stringMatching(`at cell \\[${reply.execution_count}\\.\\d+\\], line 4$`),
    ]);
    expect(marked(reply.traceback)).toBe("> 4 | throw new Error('y')");
  });

  it("after an await keep their frames", async () => {
    const { traceback, cell } = await failureOf(
      "const tick = () => new Promise((r) => setTimeout(r, 1));\nasync function inner() {\n  await tick();\n  throw new RangeError('far');\n}\nasync function outer() {\n  await inner();\n}\nawait outer();",
    );
    expect(marked(traceback)).toBe("> 4 |   throw new RangeError('far');");
    expect(frames(traceback)).toEqual([
      `    at inner (${cell}, line 4)`,
      `    at async outer (${cell}, line 7)`,
      `    at async ${cell}, line 9`,
    ]);
  });

  it("in callbacks, generators, constructors and static blocks have their lines", async () => {
    const thrown = "throw new RangeError('far')";
    for (const [code, line, names] of [
      [`type Gone = 1;\n[1].map(() => {\n  ${thrown};\n});`, 3, ["Array.map"]],
      [`type Gone = 1;\nfunction* g() {\n  yield 1;\n  ${thrown};\n}\n[...g()];`, 4, ["g"]],
      [
        `type Gone = 1;\nclass Made {\n  constructor(readonly a: number) {\n    ${thrown};\n  }\n}\nnew Made(1);`,
        4,
        ["new Made"],
      ],
      [`type Gone = 1;\nclass Made2 {\n  static {\n    ${thrown};\n  }\n}`, 4, []],
      [
        `type Gone = 1;\nclass Made3 {\n  field = (() => {\n    ${thrown};\n  })();\n}\nnew Made3();`,
        4,
        ["new Made3"],
      ],
      [`type Gone = 1;\nnamespace Space {\n  ${thrown};\n}`, 3, []],
      [`type Gone = 1;\nenum E {\n  a = (() => {\n    ${thrown};\n  })(),\n}`, 4, []],
      [`type Gone = 1;\nusing r = { [Symbol.dispose]() {\n  ${thrown};\n} };`, 3, []],
      [`type Gone = 1;\nconst { a = (() => {\n  ${thrown};\n})() } = {} as any;`, 3, []],
      [`type Gone = 1;\nfor await (const x of (async function* () {\n  ${thrown};\n})());`, 3, []],
    ] as [string, number, string[]][]) {
      const { traceback, evalue } = await failureOf(code);
      expect(evalue, code).toBe("far");
      expect(marked(traceback), code).toMatch(new RegExp(`^> ${line} \\| +throw`));
      for (const name of names) expect(frames(traceback).join("\n"), code).toContain(`at ${name} (`);
      expect(traceback.join("\n"), code).not.toMatch(/\$latentlab|kernel-ext|node:|tslab|__/);
    }
  });

  it("in local files have the file's lines, also after it was changed", async () => {
    write({
      "thrower.ts":
        "interface Gone {\n  a: 1;\n}\nexport function fail(): never {\n  throw new RangeError('far');\n}",
    });
    const code = "import { fail } from './thrower';\nfail();";
    const before = await failureOf(code);
    expect(marked(before.traceback)).toBe("> 5 |   throw new RangeError('far');");
    expect(frames(before.traceback)).toEqual([
      "    at fail (thrower.ts, line 5)",
      `    at ${before.cell}, line 2`,
    ]);
    write({ "thrower.ts": "export function fail(): never {\n  throw new RangeError('farther');\n}" });
    const after = await failureOf(code);
    expect(marked(after.traceback)).toBe("> 2 |   throw new RangeError('farther');");
  });

  it.each([
    ["const notCalled = 1 as any; notCalled()", "notCalled is not a function"],
    ["let notCalled2: any; const f1 = () => notCalled2(); f1()", "notCalled2 is not a function"],
    ["const thing: any = {}; thing.method()", "thing.method is not a function"],
    ["const NotMade: any = 1; new NotMade()", "NotMade is not a constructor"],
    ["const notLooped: any = 1; for (const x of notLooped);", "notLooped is not iterable"],
    ["const notSpread: any = 1; [...notSpread]", "notSpread is not iterable"],
    ["const [x1] = 1 as any", /is not iterable/],
    ["let nothing: any; nothing.field", "Cannot read properties of undefined (reading 'field')"],
    [
      "let nothing2: any; const { field } = nothing2",
      "Cannot read properties of undefined (reading 'field')",
    ],
    ["const notIn: any = 1; 'a' in notIn", "Cannot use 'in' operator to search for 'a' in 1"],
    [
      "const notClass: any = 1; class Sub extends notClass {}",
      "Class extends value 1 is not a constructor or null",
    ],
    ["const notTag: any = 1; notTag`x`", "notTag is not a function"],
    ["// typecheck: off\nmissing1", "missing1 is not defined"],
    ["// typecheck: off\nconst f2 = () => missing2; f2()", "missing2 is not defined"],
    ["// typecheck: off\nconst f3 = () => missing3(); f3()", "missing3 is not defined"],
    [
      "class Early2 { static m() { return later2() } } function later2(): any { return (Early2 as any).none() } Early2.m()",
      "Early2.none is not a function",
    ],
  ])("%j: %s", async (code, message) => {
    const { evalue, traceback } = await failureOf(code);
    if (typeof message === "string") expect(evalue).toBe(message);
    else expect(evalue).toMatch(message);
    expect(traceback[0]).toContain(evalue);
    expect(traceback.join("\n")).not.toMatch(/\$latentlab/);
  });

  it("are shown whatever their fields are", async () => {
    const { evalue } = await failureOf(`
      const { proxy, revoke } = Proxy.revocable([] as unknown[], {});
      revoke();
      throw Object.assign(new Error("mine"), { proxy });`);
    expect(evalue).toBe("mine");
    const many = await failureOf("throw new AggregateError(Array(200_000).fill(new Error('one')), 'many')");
    expect(many.evalue).toBe("many");
  });

  it("have messages as their author wrote them", async () => {
    const { evalue, traceback } = await failureOf(
      "throw new Error('$scope.name is missing, (0, $cells.f) too')",
    );
    expect(evalue).toBe("$scope.name is missing, (0, $cells.f) too");
    expect(traceback[0]).toBe("Error: $scope.name is missing, (0, $cells.f) too");
  });

  it("show no more of a long line than what is around the place", async () => {
    const { traceback } = await failureOf(
      `const long = '${"x".repeat(1500)}'; throw new Error('far'); '${"y".repeat(1500)}'\n// ${"z".repeat(3000)}`,
    );
    expect(Math.max(...traceback.map((line: string) => line.length))).toBeLessThan(200);
    const [line = "", mark = ""] = traceback.slice(1);
    expect(line).toContain("throw new Error('far')");
    expect(line.slice(mark.indexOf("^"))).toMatch(/^new Error/);
  });

  it("in the background have the lines of their cell", async () => {
    const cell = notebook.kernel.sendExecute(
      "type Gone = 1;\nsetTimeout(() => {\n  throw new RangeError('late');\n}, 10);",
    );
    const { content } = await notebook.kernel.waitForPublication(
      "stream",
      (message) => message.parent_header.msg_id === cell,
    );
    expect(content.text).toContain("> 3 |   throw new RangeError('late');");
  });

  it("have causes with lines of their own", async () => {
    const { traceback } = await failureOf(
      "type Gone = 1;\nconst inner = new TypeError('inner');\nthrow new Error('outer', { cause: inner });",
    );
    expect(traceback.filter((line: string) => line.startsWith(">"))).toEqual([
      "> 3 | throw new Error('outer', { cause: inner });",
      "> 2 | const inner = new TypeError('inner');",
    ]);
  });

  it("show what else they have, as Node does", async () => {
    const { traceback } = await failureOf("\nrequire('node:fs').readFileSync('/nowhere')");
    // Not every Node has them in the same order.
    expect(traceback.at(-1)).toMatch(/^\{ errno: -2, .*code: 'ENOENT'.* path: '\/nowhere' \}$/);
    const { traceback: large } = await failureOf(
      "const large = Object.assign(new Error('x'), { detail: Array.from({ length: 900 }, (_, i) => ({ i })) }); Object.defineProperty(large, 'code', { enumerable: true, get() { throw new Error('asked') } }); throw large",
    );
    expect(large.length).toBeLessThan(40);
    expect(large.join("\n")).not.toContain("asked");
  });

  it("show the errors that they consist of, each with its lines", async () => {
    const { traceback, cell } = await failureOf(
      "const fail = (text: string) => Promise.reject(new RangeError(text));\nawait Promise.any([\n  fail('one'),\n  fail('two'),\n]);",
    );
    expect(traceback[0]).toBe("AggregateError: All promises were rejected");
    const withoutCode = traceback.filter((line: string) => !/^[> ] +\d* \|/.test(line));
    expect(withoutCode.slice(1)).toEqual([
      "errors[0]: RangeError: one",
      `    at fail (${cell}, line 1)`,
      `    at ${cell}, line 3`,
      "errors[1]: RangeError: two",
      `    at fail (${cell}, line 1)`,
      `    at ${cell}, line 4`,
    ]);
    const { traceback: single } = await failureOf(
      "\nthrow Object.assign(new Error('outer'), { detail: new TypeError('inner'), code: 7 });",
    );
    expect(single).toContain("{ code: 7 }");
    expect(single).toContain("detail: TypeError: inner");
    const { traceback: endless } = await failureOf(
      "throw new AggregateError(Array.from({ length: 500 }, () => new Error('many')))",
    );
    expect(endless.filter((line: string) => line.includes("many")).length).toBeLessThan(50);
    expect(endless.at(-1)).toBe("... more errors");
  });

  it("from deep in a package have the cell's frame, and few of the package's", async () => {
    writePackage(
      "@deep/down",
      {},
      { "index.js": "exports.down = function down(n, f) { return n === 0 ? f() : down(n - 1, f) };" },
    );
    const { traceback, cell } = await failureOf(
      "// typecheck: off\nconst { down } = require('@deep/down');\ndown(40, () => {\n  throw new RangeError('far');\n});",
    );
    expect(marked(traceback)).toBe("> 4 |   throw new RangeError('far');");
    const file = path.join(notebook.folder, "node_modules", "@deep", "down", "index.js");
    expect(traceback.slice(-6).map((line: string) => line.replace(/:\d+:\d+\)$/, ")"))).toEqual([
      `    at ${cell}, line 4`,
      `    at down (${file})`,
      `    at down (${file})`,
      "    ... 38 more in @deep/down",
      `    at down (${file})`,
      `    at ${cell}, line 3`,
    ]);
  });

  it("are printed in the source's lines, too", async () => {
    const code =
      "type Gone = 1;\nfunction fail2(): never { throw new RangeError('far', { cause: new Error('why') }) }\ntry {\n  fail2();\n} catch (error) {\n  console.log(error);\n  console.log((error as Error).stack);\n}\nconsole.trace('here');";
    const { reply, stdout, stderr } = await notebook.kernel.execute(code);
    const cell = `cell [${reply.execution_count}]`;
    const stack = `RangeError: far\n    at fail2 (${cell}, line 2:33)\n    at ${cell}, line 4:3`;
    expect(stdout).toContain(`${stack} {\n  [cause]: Error: why\n      at fail2 (${cell}, line 2:64)`);
    expect(stdout).toContain(`\n${stack}\n`);
    expect(stderr).toBe(`Trace: here\n    at ${cell}, line 9:9\n`);
    expect(
      (await notebook.kernel.execute("let print: any; try { print() } catch (error) { console.log(error) }"))
        .stdout,
    ).toMatch(/^TypeError: print is not a function\n/);
  });

  it("of code made from texts and of JSON begin with their message", async () => {
    for (const [code, message, last] of [
      [
        "\neval('null.x')",
        "TypeError: Cannot read properties of null (reading 'x')",
        "at eval (text, line 1)",
      ],
      ["\nnew Function('throw new Error(\"in text\")')()", "Error: in text", "at eval (text, line 3)"],
      ...[
        ["{ bad", "SyntaxError: Expected property name or '}' in JSON at position 2"],
        ["{", "SyntaxError: Expected property name or '}' in JSON at position 1"],
        ["", "SyntaxError: Unexpected end of JSON input"],
        ["[1,", "SyntaxError: Unexpected end of JSON input"],
      ].map(([json, message]) => [`\nJSON.parse('${json}')`, message, "at JSON.parse (<anonymous>)"]),
    ] as [string, string, string][]) {
      const { traceback, cell } = await failureOf(code);
      expect(traceback[0], code).toContain(message.slice(0, 40));
      expect(traceback[1], code).toBe("  1 |");
      expect(traceback.filter((line: string) => line.includes("Error: "))).toHaveLength(1);
      expect(frames(traceback)).toEqual([`    ${last}`, `    at ${cell}, line 2`]);
    }
  });

  it("of Node itself begin with their message", async () => {
    const { traceback } = await failureOf("\nrequire('./nowhere')");
    expect(traceback[0]).toBe("Error: Cannot find module './nowhere'");
    expect(traceback.join("\n")).not.toContain("node:");
    expect(marked(traceback)).toBe("> 2 | require('./nowhere')");
  });

  it("leave what had been declared before them", async () => {
    await failureOf(
      "const reached = { n: 1 }; function made() { return 2 }\nthrow new Error('stop');\nconst unreached = 3;",
    );
    expect(await resultOf("[reached.n, made()]")).toBe("[ 1, 2 ]");
    expect((await failureOf("unreached")).evalue).toContain("Cannot find name 'unreached'");
  });

  it("do not overflow with the stack", async () => {
    const { ename, traceback } = await failureOf("function deep(): number { return 1 + deep() }\ndeep()");
    expect(ename).toBe("RangeError");
    expect(traceback.length).toBeLessThan(30);
  });
});
