import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, type Json, KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "import { display, mime } from '@latentlab/kernel'; import { inspect } from 'node:util';",
  );
  await kernel.execute("const circular: any = {}; circular.self = circular;");
  await kernel.execute("const unreadable = new Proxy({}, { get() { throw new Error('sealed'); } });");
});
afterAll(() => kernel.close());

const jsonType = "application/json";

/** The MIME bundles of a cell's displays, updates and result, in order. */
const bundlesOf = ({ messages }: Execution): Json[] =>
  messages.filter((message) => message.content.data).map((message) => message.content.data);

describe("a cell's value that cannot be shown", () => {
  it.each([
    ["JSON with a bigint", `mime({ '${jsonType}': { a: 1n } })`, "BigInt", /Jupyter\.display/],
    ["circular JSON", `mime({ '${jsonType}': circular })`, "circular", /Jupyter\.display/],
    ["no bundle at all", "mime(null as any)", "null", /Jupyter\.display/],
    [
      "an own text that throws",
      "({ ink: 0, [inspect.custom]() { throw new Error('blank'); } })",
      "blank",
      /ink: 0/,
    ],
    ["a proxy that throws", "unreadable", "sealed", /^\{\}$/],
    [
      "a promise of a broken bundle",
      `({ [Symbol.for('Jupyter.display')]: async () => ({ '${jsonType}': 1n }) })`,
      "BigInt",
      /Jupyter\.display/,
    ],
  ])("is shown as text, with the reason: %s", async (_name, code, reason, text) => {
    const execution = await kernel.execute(code);
    expect(execution.reply.status).toBe("ok");
    expect(execution.stderr).toContain("could not draw itself");
    expect(execution.stderr).toContain(reason);
    expect(bundlesOf(execution)).toEqual([{ "text/plain": expect.stringMatching(text) }]);
  });

  it("fails its cell where it breaks only as it is sent, and the next cell runs", async () => {
    const { reply } = await kernel.execute(
      `let asked = 0; mime({ '${jsonType}': { toJSON() { if (++asked > 1) throw new Error('moody'); return 1; } } })`,
    );
    expect(reply).toMatchObject({ status: "error", ename: "Error", evalue: "moody" });
    expect((await kernel.execute("asked")).text).toBe("2");
  });

  it("spoils no other user expression", async () => {
    const { reply } = await kernel.execute("1", {
      user_expressions: { broken: `mime({ '${jsonType}': 1n })`, sound: "2" },
    });
    expect(reply.user_expressions.broken.data["text/plain"]).toContain("Jupyter.display");
    expect(reply.user_expressions.sound.data["text/plain"]).toBe("2");
  });
});

describe("a display that cannot be shown", () => {
  it("is shown as text, with the reason, and can still be updated", async () => {
    const execution = await kernel.execute(
      `const shown = display(mime({ '${jsonType}': circular })); shown.update(mime({ '${jsonType}': 1n })); shown.update('sound'); 0`,
    );
    const [first, second, third] = bundlesOf(execution);
    expect(first?.["text/plain"]).toContain("Jupyter.display");
    expect(second?.["text/plain"]).toContain("Jupyter.display");
    expect(third).toEqual({ "text/plain": "'sound'" });
    expect(execution.stderr).toContain("circular");
    expect(execution.stderr).toContain("BigInt");
  });

  it("is shown as text where its metadata cannot be sent", async () => {
    const execution = await kernel.execute("display('plain', { metadata: { size: 1n } as any }); 0");
    expect(bundlesOf(execution)[0]).toEqual({ "text/plain": "'plain'" });
    expect(execution.stderr).toContain("BigInt");
  });
});

describe("a thrown value that cannot be described", () => {
  it.each([
    ["a message that is a bigint", "throw Object.assign(new Error('x'), { message: 1n })", "Error", "1n"],
    ["a name that is a number", "throw Object.assign(new Error('x'), { name: 7 })", "7", "x"],
    ["a stack that is a number", "throw Object.assign(new Error('x'), { stack: 5 })", "Error", "x"],
    [
      "a stack that throws",
      "throw Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } })",
      "Error",
      "x",
    ],
    [
      "a code that throws",
      "throw Object.defineProperty(new Error('x'), 'code', { get() { throw 1; } })",
      "Error",
      "x",
    ],
    ["an own text that throws", "throw { ink: 0, [inspect.custom]() { throw 1; } }", "Uncaught", /ink: 0/],
    ["a proxy that throws", "throw unreadable", "Uncaught", "{}"],
    [
      "a proxy without a prototype to read",
      "throw new Proxy({}, { getPrototypeOf() { throw 1; } })",
      "Uncaught",
      /./,
    ],
    ["a proxy of an error", "throw new Proxy(new Error('x'), { get() { throw 1; } })", "Error", ""],
  ])("fails its cell and no other: %s", async (_name, code, ename, evalue) => {
    const { reply, messages } = await kernel.execute(code);
    expect(reply).toMatchObject({ status: "error", ename });
    if (typeof evalue === "string") expect(reply.evalue).toBe(evalue);
    else expect(reply.evalue).toMatch(evalue);
    expect(reply.traceback.length).toBeGreaterThan(0);
    expect(messages.find((message) => message.header.msg_type === "error")?.content.ename).toBe(ename);
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });

  it("ends a chain of causes that has no end", async () => {
    const { reply } = await kernel.execute(
      "class Endless extends Error { override get cause(): unknown { return new Endless('again'); } }; throw new Endless('first')",
    );
    expect(reply).toMatchObject({ status: "error", evalue: "first" });
    expect(reply.traceback.filter((line: string) => line.startsWith("Caused by:"))).toHaveLength(19);
  });

  it("is reported when no code catches it, and the kernel lives on", async () => {
    const cell = kernel.sendExecute(
      "setTimeout(() => { throw { ink: 0, [inspect.custom]() { throw 1; } }; }); 0",
    );
    await kernel.waitForPublication("stream", (message) => {
      return message.parent_header.msg_id === cell && message.content.text.includes("ink: 0");
    });
    expect((await kernel.execute("1 + 1")).text).toBe("2");
    expect(await kernel.isAlive()).toBe(true);
  });
});
