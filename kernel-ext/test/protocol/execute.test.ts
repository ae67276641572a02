import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(() => kernel.close());

const types = (messages: { header: { msg_type: string } }[]) =>
  messages.map((message) => message.header.msg_type);

describe("execute", () => {
  it("publishes busy, the input, the result and idle, in this order", async () => {
    const { reply, messages, text } = await kernel.execute("6 * 7");
    expect(reply).toMatchObject({ status: "ok", user_expressions: {}, payload: [] });
    expect(types(messages)).toEqual(["status", "execute_input", "execute_result", "status"]);
    expect(messages[1]?.content).toEqual({ code: "6 * 7", execution_count: reply.execution_count });
    expect(messages[2]?.content.execution_count).toBe(reply.execution_count);
    expect(text).toBe("42");
  });

  it("keeps declarations, also when a cell changes their type", async () => {
    await kernel.execute("const size = 3; interface Pair { left: number; right: number }");
    expect(
      (await kernel.execute("const pair: Pair = { left: size, right: 4 }; pair.left + pair.right")).text,
    ).toBe("7");
    await kernel.execute("const size = 'three'");
    expect((await kernel.execute("size.toUpperCase()")).text).toBe("'THREE'");
  });

  it("awaits at the top level", async () => {
    const { text } = await kernel.execute(
      "const late = await new Promise<number>((r) => setTimeout(() => r(5), 20)); late",
    );
    expect(text).toBe("5");
  });

  it("reports type errors with their place, and runs nothing of the cell", async () => {
    const { reply, messages, stdout } = await kernel.execute(
      'console.log("ran");\nconst wrong: number = "text"',
    );
    expect(reply).toMatchObject({ status: "error", ename: "TypeScriptError" });
    const message = "TS2322: Type 'string' is not assignable to type 'number'.";
    expect(reply.evalue).toBe(message);
    expect(reply.traceback).toEqual([
      `TypeScriptError: ${message}`,
      '  1 | console.log("ran");',
      '> 2 | const wrong: number = "text"',
      "    |       ^^^^^",
      `    at cell [${reply.execution_count}], line 2`,
    ]);
    expect(types(messages)).toContain("error");
    expect(stdout).toBe("");
  });

  it("reports thrown errors with name, message and the frames of the cell alone", async () => {
    const { reply, messages } = await kernel.execute(
      "function fail(): never {\n  throw new RangeError('too far');\n}\ninterface Gone {}\nconst outer = () => fail();\nouter()",
    );
    expect(reply).toMatchObject({ status: "error", ename: "RangeError", evalue: "too far" });
    const { traceback } = reply;
    const cell = `cell [${reply.execution_count}]`;
    expect(traceback).toEqual([
      "RangeError: too far",
      "  1 | function fail(): never {",
      "> 2 |   throw new RangeError('too far');",
      "    |         ^",
      "  3 | }",
      "  4 | interface Gone {}",
      `    at fail (${cell}, line 2)`,
      `    at outer (${cell}, line 5)`,
      `    at ${cell}, line 6`,
    ]);
    const error = messages.find((message) => message.header.msg_type === "error");
    expect(error?.content).toEqual({ ename: "RangeError", evalue: "too far", traceback });
  });

  it("lists causes and shows thrown values that are no errors", async () => {
    const { reply } = await kernel.execute("throw new Error('outer', { cause: new TypeError('inner') })");
    expect(reply.traceback).toContain("Caused by: TypeError: inner");
    expect((await kernel.execute("throw { reason: 3 }")).reply).toMatchObject({
      ename: "Uncaught",
      evalue: "{ reason: 3 }",
    });
    expect((await kernel.execute("await Promise.reject('no')")).reply).toMatchObject({ evalue: "'no'" });
  });

  it("neither counts nor announces silent cells", async () => {
    const before = (await kernel.execute("1")).reply.execution_count;
    const { reply, messages } = await kernel.execute("2", { silent: true });
    expect(reply).toMatchObject({ status: "ok", execution_count: before });
    expect(types(messages)).toEqual(["status", "status"]);
  });

  it("does not count cells that are not to be stored", async () => {
    const before = (await kernel.execute("1")).reply.execution_count;
    const { reply } = await kernel.execute("'hidden from history'", { store_history: false });
    expect(reply.execution_count).toBe(before);
    const { history } = await kernel.request("history_request", {
      hist_access_type: "tail",
      n: 5,
      output: false,
    });
    expect(JSON.stringify(history)).not.toContain("hidden from history");
  });

  it("evaluates user expressions, each with its own success or failure", async () => {
    const { reply } = await kernel.execute("const base = 20", {
      user_expressions: { sum: "base + 1", wrong: "missing + 1" },
    });
    expect(reply.user_expressions.sum).toEqual({ status: "ok", data: { "text/plain": "21" }, metadata: {} });
    expect(reply.user_expressions.wrong).toMatchObject({ status: "error", ename: "ReferenceError" });
  });

  it("runs queued cells one after the other", async () => {
    const first = kernel.sendExecute("await new Promise((r) => setTimeout(r, 300)); console.log('first')");
    const second = kernel.sendExecute("console.log('second')");
    await kernel.waitForExecution(second);
    const replies = kernel.messages.filter((message) => message.header.msg_type === "execute_reply");
    expect(replies.slice(-2).map((message) => message.parent_header.msg_id)).toEqual([first, second]);
    const texts = kernel.messages
      .filter((message) => message.header.msg_type === "stream")
      .map((m) => m.content.text);
    expect(texts.slice(-2)).toEqual(["first\n", "second\n"]);
  });

  it("aborts queued cells after an error, unless stop_on_error is false", async () => {
    const failing = "await new Promise((r) => setTimeout(r, 50)); throw new Error('stop')";
    kernel.sendExecute(failing);
    const aborted = await kernel.execute("console.log('must not run')");
    expect(aborted.reply.status).toBe("aborted");
    expect(types(aborted.messages)).toEqual(["status", "status"]);
    kernel.sendExecute(failing, { stop_on_error: false });
    expect((await kernel.execute("1 + 1")).reply.status).toBe("ok");
  });

  it("survives errors that nobody catches, and shows them below their cell", async () => {
    const thrown = kernel.sendExecute("setTimeout(() => { throw new Error('late boom'); }, 50); 1");
    const rejected = kernel.sendExecute("void Promise.reject(new Error('unhandled')); 1");
    for (const [msgId, text] of [
      [thrown, "late boom"],
      [rejected, "unhandled"],
    ] as const) {
      await kernel.waitForPublication("stream", (message) => {
        return message.parent_header.msg_id === msgId && message.content.text.includes(text);
      });
    }
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });

  it("hands classes on as they are to whatever has a method `then`", async () => {
    const { text } = await kernel.execute(`
      const handedOn = { then: (value: unknown) => value, catch: (value: unknown) => value };
      class Own {}
      handedOn.then(Own) === Own && handedOn.catch(TypeError) === TypeError`);
    expect(text).toBe("true");
  });
});
