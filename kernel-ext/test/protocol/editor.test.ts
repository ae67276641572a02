import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "/** Doubles a number. */ function double(value: number): number { return 2 * value; }",
  );
});
afterAll(() => kernel.close());

describe("completion and inspection", () => {
  it("completes members, and declarations of earlier cells", async () => {
    const members = await kernel.request("complete_request", { code: "Math.ab", cursor_pos: 7 });
    expect(members).toMatchObject({ status: "ok", matches: ["abs"], cursor_start: 5, cursor_end: 7 });
    const names = await kernel.request("complete_request", { code: "doub", cursor_pos: 4 });
    expect(names.matches).toContain("double");
  });

  it("counts positions in code points, as Jupyter does", async () => {
    const code = "'🙂🙂'; Math.ab";
    const reply = await kernel.request("complete_request", { code, cursor_pos: [...code].length });
    expect(reply).toMatchObject({ matches: ["abs"], cursor_start: 11, cursor_end: 13 });
  });

  it("shows signature and documentation", async () => {
    const reply = await kernel.request("inspect_request", {
      code: "double(3)",
      cursor_pos: 3,
      detail_level: 0,
    });
    expect(reply).toMatchObject({ status: "ok", found: true });
    expect(reply.data["text/plain"]).toBe("function double(value: number): number\n\nDoubles a number.");
    const nothing = await kernel.request("inspect_request", { code: "   ", cursor_pos: 1, detail_level: 0 });
    expect(nothing).toMatchObject({ status: "ok", found: false, data: {} });
  });

  it("shows both as a page where a cell asks name? or name??", async () => {
    const { reply, messages } = await kernel.execute("double?");
    expect(reply).toMatchObject({ status: "ok", user_expressions: {} });
    const data = expect.objectContaining({
      "text/plain": "function double(value: number): number\n\nDoubles a number.",
    });
    expect(reply.payload).toEqual([{ source: "page", data, start: 0 }]);
    expect(messages.map(({ header }) => header.msg_type)).toEqual(["status", "execute_input", "status"]);
    const [page] = (await kernel.execute("Math.max??")).reply.payload;
    expect(page.data["text/plain"]).toContain("@param values");
    const [unknown] = (await kernel.execute("nowhere.found?")).reply.payload;
    expect(unknown.data).toEqual({ "text/plain": 'Nothing is known of "nowhere.found".' });
    expect((await kernel.request("is_complete_request", { code: "double?" })).status).toBe("complete");
  });

  it("answers while a cell awaits", async () => {
    const cell = kernel.sendExecute("await new Promise((r) => setTimeout(r, 1500))");
    await kernel.waitForPublication("execute_input", (message) => message.parent_header.msg_id === cell);
    const startMs = performance.now();
    await kernel.request("complete_request", { code: "Math.ab", cursor_pos: 7 });
    expect(performance.now() - startMs).toBeLessThan(1400);
    expect(
      kernel.messages.some(
        ({ header, parent_header }) => header.msg_type === "execute_reply" && parent_header.msg_id === cell,
      ),
    ).toBe(false);
    await kernel.waitForExecution(cell);
  });
});

describe("is_complete", () => {
  const cases: [string, string][] = [
    ["1 + 1", "complete"],
    ["await sleep(3)", "complete"],
    ["for (const x of [1]) {\n  x;\n}\n\n\n", "complete"],
    ["function f(x: number) {", "incomplete"],
    ["const text = `ab", "incomplete"],
    ["/* a comment", "incomplete"],
    ["const sum = 1 +", "incomplete"],
    ["let 1x = 3;", "invalid"],
    ["const a = ;", "invalid"],
  ];
  it.each(cases)("%j is %s", async (code, status) => {
    expect((await kernel.request("is_complete_request", { code })).status).toBe(status);
  });

  it("proposes the indent of the next line", async () => {
    const reply = await kernel.request("is_complete_request", { code: "  if (true) {" });
    expect(reply).toEqual({ status: "incomplete", indent: "    " });
  });
});

describe("history", () => {
  it("answers tail, range and search, with outputs where asked", async () => {
    await kernel.execute("'first ' + 1");
    const { reply } = await kernel.execute("'second ' + 2");
    const line = reply.execution_count;
    const ask = async (content: object) =>
      (await kernel.request("history_request", { raw: true, ...content })).history;
    expect(await ask({ hist_access_type: "tail", n: 1, output: false })).toEqual([
      [1, line, "'second ' + 2"],
    ]);
    expect(
      await ask({ hist_access_type: "range", session: 0, start: line - 1, stop: line, output: true }),
    ).toEqual([[1, line - 1, ["'first ' + 1", "'first 1'"]]]);
    expect(await ask({ hist_access_type: "search", pattern: "'sec*' + ?", n: 5, output: false })).toEqual([
      [1, line, "'second ' + 2"],
    ]);
    expect(await ask({ hist_access_type: "tail", n: 0, output: false })).toEqual([]);
    expect(await ask({ hist_access_type: "search", pattern: "*", n: 0, output: false })).toEqual([]);
  });
});

describe("kernel_info", () => {
  it("answers on shell and control with the version of the compiler", async () => {
    for (const channel of ["shell", "control"] as const) {
      const info = await kernel.request("kernel_info_request", {}, channel);
      expect(info).toMatchObject({ status: "ok", implementation: "latentlab" });
      expect(info.language_info).toMatchObject({
        name: "typescript",
        version: "5.9.3",
        file_extension: ".ts",
      });
      expect(Number.parseFloat(info.protocol_version)).toBeGreaterThanOrEqual(5.3);
    }
  });

  it("answers on both channels while a cell computes", async () => {
    const cell = kernel.sendExecute("const stop = Date.now() + 1500; while (Date.now() < stop);");
    await kernel.waitForPublication("execute_input", (message) => message.parent_header.msg_id === cell);
    await kernel.request("kernel_info_request", {}, "control");
    await kernel.request("comm_info_request");
    expect(
      kernel.messages.some(
        ({ header, parent_header }) => header.msg_type === "execute_reply" && parent_header.msg_id === cell,
      ),
    ).toBe(false);
    await kernel.waitForExecution(cell);
  });

  it("refuses to debug in the debugger's own terms", async () => {
    const reply = await kernel.request(
      "debug_request",
      { type: "request", seq: 7, command: "debugInfo" },
      "control",
    );
    expect(reply).toMatchObject({ type: "response", request_seq: 7, command: "debugInfo", success: false });
  });
});
