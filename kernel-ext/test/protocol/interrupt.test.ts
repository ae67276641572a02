import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "import { cell, comms, input, progress, sleep } from '@latentlab/kernel'; let kept = 'kept'; let reached = 0;",
  );
});
afterAll(() => kernel.close());

/** Runs a cell that prints "running" before it hangs, and interrupts it then. */
async function interrupt(code: string, send = () => kernel.command("interrupt")): Promise<Execution> {
  const msgId = kernel.sendExecute(`console.log("running"); ${code}`);
  await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === msgId);
  send();
  return kernel.waitForExecution(msgId);
}

function expectInterrupted({ reply, messages }: Execution): void {
  expect(reply).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
  const errors = messages.filter((message) => message.header.msg_type === "error");
  expect(errors.map((message) => message.content.ename)).toEqual(["KeyboardInterrupt"]);
}

async function expectHealthy(): Promise<void> {
  expect((await kernel.execute("kept + (await new Promise((r) => setTimeout(() => r('!'), 5)))")).text).toBe(
    "'kept!'",
  );
}

/** Its handlers go on for as long as they are let. */
const catchingEveryAwait =
  "for (;;) { try { await new Promise((r) => setTimeout(r, 5)); } catch {} finally { await null; } }";

const hanging = {
  "a synchronous loop": "for (;;) {}",
  "a synchronous loop after an await": "await new Promise((r) => setTimeout(r, 20)); for (;;) {}",
  "a loop that catches everything": "for (;;) { try { for (;;) {} } catch {} finally {} }",
  "a loop in a timer's callback": "setTimeout(() => { for (;;) {} }, 10); await new Promise(() => {})",
  "a search by a regular expression": '/^(a+)+$/.test("a".repeat(80) + "!")',
  "a storm of microtasks": "for (;;) await null",
  "an await without end": "await new Promise(() => {})",
  "an async function's loop of short awaits":
    "async function loop() { for (;;) { await new Promise((r) => setImmediate(r)); reached++; } } await loop()",
  "a loop over an async generator":
    "async function* numbers() { for (let i = 0; ; i++) yield i; } for await (const i of numbers()) reached = i;",
  "turns of computing and waiting":
    "for (;;) { const end = Date.now() + 200; while (Date.now() < end); await new Promise((r) => setImmediate(r)); }",
};

describe("an interrupt by message", () => {
  it.each([
    ...Object.entries(hanging),
    ["a loop that catches every await", catchingEveryAwait],
  ])("stops %s and keeps the session", async (_name, code) => {
    expectInterrupted(await interrupt(code));
    await expectHealthy();
  });

  it("leaves a healthy kernel with its variables after a hundred in a row", async () => {
    const kinds = Object.values(hanging);
    for (let round = 0; round < 100; round++) {
      expectInterrupted(await interrupt(kinds[round % kinds.length] as string));
    }
    await expectHealthy();
    // What a termination leaves uneven shows in timers, immediates, promises and nested contexts.
    const code = `let order = ""; setTimeout(() => (order += "t"), 1); setImmediate(() => (order += "i"));
      await Promise.all([1, 2].map((n) => new Promise((r) => setTimeout(r, 10 * n)))); order.split("").sort().join("")`;
    expect((await kernel.execute(code)).text).toBe("'it'");
  }, 120_000);

  it.each([
    "for (;;) { await new Promise((r) => setTimeout(r, 20)); reached++; }",
    "const tick = async () => reached++; for (;;) { await tick(); await new Promise((r) => setImmediate(r)); }",
    "import { setTimeout as nap } from 'node:timers/promises'; for (;;) { await nap(5); reached++; }",
    "import fs from 'node:fs/promises'; for (;;) { await fs.stat('.'); reached++; }",
    "void (async () => { for (;;) { await new Promise((r) => setTimeout(r, 5)); reached++; } })(); await new Promise(() => {})",
    "import fs from 'node:fs/promises'; const chain = (): Promise<void> => fs.stat('.').then(() => { reached++; return chain(); }); await chain()",
    "import fs from 'node:fs/promises'; const retry = (): Promise<void> => fs.stat('/none').then(() => {}).catch(() => { reached++; return retry(); }); await retry()",
    "import fs from 'node:fs/promises'; const last = (): unknown => fs.stat('.').finally(() => { reached++; last(); }); last(); await new Promise(() => {})",
  ])("really ends %s", async (loop) => {
    await interrupt(loop);
    const { text } = await kernel.execute(
      "const before = reached; await new Promise((r) => setTimeout(r, 200)); reached - before",
    );
    expect(text).toBe("0");
  });

  it("aborts cell.signal first, so that a loop ends in order and its results are kept", async () => {
    const result = await interrupt(
      "const { signal } = cell; let steps = 0; while (!signal.aborted) { steps++; await sleep(5).catch(() => {}); } const finished = signal.reason.name;",
    );
    expectInterrupted(result);
    expect((await kernel.execute("[finished, steps > 0]")).text).toBe("[ 'KeyboardInterrupt', true ]");
  });

  it("lets finally blocks do their work, awaits included", async () => {
    expectInterrupted(
      await interrupt(
        "let tidied = 0; try { for (;;) await sleep(10); } finally { await null; await sleep(0).catch(() => {}); tidied = 1; }",
      ),
    );
    expect((await kernel.execute("tidied")).text).toBe("1");
  });

  it.each([
    ["that wait with a timer", "await sleep(1e6)", "await new Promise((r) => setTimeout(r, 400));"],
    ["that sleep", "for (;;) await new Promise((r) => setTimeout(r, 5));", "await sleep(400);"],
    ["behind an await that does not end", "await new Promise(() => {})", "await sleep(400);"],
    ["with a progress bar", "await sleep(1e6)", "for await (const i of progress(3)) await sleep(100);"],
  ])("gives handlers time that take it: %s", async (_, waiting, tidying) => {
    const code = `let saved = 0; try { ${waiting} } catch (error) { ${tidying} saved++; throw error; } finally { ${tidying} saved++; }`;
    const result = await interrupt(code);
    expectInterrupted(result);
    expect(result.stderr).toBe("");
    expect((await kernel.execute("saved")).text).toBe("2");
  });

  it("throws into the innermost function that waits, so that handlers run from the inside out", async () => {
    const code = `const order: string[] = [];
      async function inner(n: number) { try { if (n) await new Promise(() => {}); } finally { if (n) await sleep(150); order.push("inner" + n); } }
      async function outer() { try { await inner(0); await inner(1); } finally { await sleep(0); order.push("outer"); } }
      try { await outer(); } finally { order.push("cell"); }`;
    expectInterrupted(await interrupt(code));
    expect((await kernel.execute("order.join()")).text).toBe("'inner0,inner1,outer,cell'");
  });

  it("lets a cell that catches the interrupt come to its end", async () => {
    const code = `const run = async () => { try { await new Promise(() => {}); } catch (error) { return error.code; } };
      const caught = await run(); await sleep(20); const after = 'ended';`;
    expectInterrupted(await interrupt(code));
    expect((await kernel.execute("[caught, after]")).text).toBe("[ 'ERR_INTERRUPTED', 'ended' ]");
  });

  it("gives up what takes handlers too long, and says so", async () => {
    const startMs = performance.now();
    const code = "try { await sleep(1e6); } finally { reached = 5; await sleep(1e6); reached = 6; }";
    const result = await interrupt(code);
    expectInterrupted(result);
    expect(performance.now() - startMs).toBeGreaterThan(4900);
    expect(result.stderr).toContain("given up where it stands");
    expect((await kernel.execute("reached")).text).toBe("5");
  });

  it("ends a cell at once that has nothing to do", async () => {
    const startMs = performance.now();
    const result = await interrupt("await new Promise(() => {})");
    expectInterrupted(result);
    expect(result.stderr).toBe("");
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it.each([
    ["by an await that the interrupt wakes", "await sleep(1e6)"],
    ["by an await that ends", "for (;;) await new Promise((r) => setTimeout(r, 10));"],
    ["by an await that never ends", "await new Promise(() => {})"],
    ["in a loop that computes", "for (;;) {}"],
    ["in a microtask storm", "for (;;) await null"],
    ["by its signal", "const s = cell.signal; await new Promise((r) => s.addEventListener('abort', r));"],
  ])("stops the timers of a cell that is hit %s", async (_, waiting) => {
    const code = `import { setInterval as every } from "node:timers";
      reached = 0; setInterval(() => reached++, 5); every(() => reached++, 5);
      const again = () => setTimeout(() => { reached++; again(); }, 5); again(); ${waiting}`;
    expectInterrupted(await interrupt(code));
    const { text } = await kernel.execute(
      "const before = reached; await new Promise((r) => setTimeout(r, 100)); reached - before",
    );
    expect(text).toBe("0");
  });

  it("stops timers that start themselves again", async () => {
    await interrupt(
      "reached = 0; const t = setTimeout(() => { reached++; t.refresh(); }, 5); await new Promise(() => {})",
    );
    const { text } = await kernel.execute(
      "const count = reached; await new Promise((r) => setTimeout(r, 100)); reached - count",
    );
    expect(text).toBe("0");
  });

  it("says so where the cell is in a native call, and stops it when that returns", async () => {
    const startMs = performance.now();
    const result = await interrupt(
      "import { execSync } from 'node:child_process'; execSync('sleep 4'); reached = -7; for (;;) {}",
    );
    expectInterrupted(result);
    expect(result.stderr).toContain("inside a call of native code");
    expect(performance.now() - startMs).toBeGreaterThan(3500);
    await expectHealthy();
  });

  it("keeps what the cell had declared before it hung", async () => {
    expectInterrupted(
      await interrupt("const trained = { steps: 7 }; await new Promise(() => {}); const unreached = 1;"),
    );
    expect((await kernel.execute("trained.steps")).text).toBe("7");
    expect((await kernel.execute("unreached")).reply.evalue).toContain("Cannot find name 'unreached'");
  });

  it("does not terminate a long step of a cell that has taken cell.signal", async () => {
    const step = "const end = Date.now() + 700; while (Date.now() < end); reached = -1;";
    expectInterrupted(
      await interrupt(
        `const { signal } = cell; while (!signal.aborted) { ${step} await sleep(0).catch(() => {}); }`,
      ),
    );
    expect((await kernel.execute("reached")).text).toBe("-1");
  });

  it("terminates such a cell on the second interrupt", async () => {
    const startMs = performance.now();
    const result = interrupt("const mine = cell.signal; for (;;) {}");
    await new Promise((resolve) => setTimeout(resolve, 600));
    kernel.command("interrupt");
    expectInterrupted(await result);
    expect(performance.now() - startMs).toBeLessThan(2500);
    await expectHealthy();
  });

  it.each([
    ["handlers that take long", "try { await sleep(1e6); } finally { await sleep(1e6); }"],
    ["code that catches every interrupt", catchingEveryAwait],
    [
      "WebAssembly",
      `const loop = "0061736d010000000104016000000302010007050101660000" + "0a090107000340" + "0c000b0b";
       const { instance } = await (globalThis as any).WebAssembly.instantiate(Buffer.from(loop, "hex")); instance.exports.f();`,
    ],
  ])("ends %s at the second interrupt", async (_, code) => {
    const result = interrupt(code);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const startMs = performance.now();
    kernel.command("interrupt");
    expectInterrupted(await result);
    expect(performance.now() - startMs).toBeLessThan(4000);
    await expectHealthy();
  });

  it("wakes sleep and input", async () => {
    expectInterrupted(await interrupt("await sleep(1e6)"));
    expectInterrupted(await interrupt("await input('name?')"));
    await expectHealthy();
  });

  it("aborts the cells that wait", async () => {
    const msgId = kernel.sendExecute("console.log('running'); await new Promise(() => {})");
    const waiting = kernel.sendExecute("reached = 99");
    await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === msgId);
    kernel.command("interrupt");
    expectInterrupted(await kernel.waitForExecution(msgId));
    expect((await kernel.waitForExecution(waiting)).reply.status).toBe("aborted");
  });

  it("stops a comm's handler that never ends", async () => {
    await kernel.execute(
      "comms.registerTarget('stuck', (comm) => { comm.onMsg(() => { console.log('stuck'); for (;;) {} }); });",
    );
    kernel.send("shell", "comm_open", { comm_id: "s1", target_name: "stuck", data: {} });
    const msgId = kernel.send("shell", "comm_msg", { comm_id: "s1", data: {} });
    await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === msgId);
    kernel.command("interrupt");
    await kernel.waitForIdle(msgId);
    await expectHealthy();
  });

  it("hits a cell that is still being compiled, without harm to the compiler", async () => {
    const msgId = kernel.sendExecute(
      `${"const filler = (x: number) => x; filler(1);\n".replaceAll("filler", "f0")}for (;;) {}`,
    );
    // An interrupt that arrives before its cell, on a channel of its own, has nothing to stop.
    await kernel.waitForPublication("execute_input", (message) => message.parent_header.msg_id === msgId);
    kernel.command("interrupt");
    expectInterrupted(await kernel.waitForExecution(msgId));
    await expectHealthy();
  });

  it("does nothing while no cell runs", async () => {
    // Its reply is awaited: on a channel of its own it may arrive after the next cell.
    expect(await kernel.request("interrupt_request", {}, "control")).toEqual({ status: "ok" });
    await expectHealthy();
  });
});

describe("an interrupt of a package's code", () => {
  beforeAll(async () => {
    const { reply } = await kernel.execute(`
      import { mkdtempSync, writeFileSync } from "node:fs";
      const file = mkdtempSync("/tmp/latentlab-package-") + "/slow.cjs";
      writeFileSync(file, "let depth = 0; exports.depth = () => depth; exports.step = (ms) => { depth++;" +
        "const end = Date.now() + ms; while (Date.now() < end); depth--; };");
      const slow: { depth(): number; step(durationMs: number): void } = require(file);
    `);
    expect(reply.status, JSON.stringify(reply)).toBe("ok");
  });

  it("waits until the package returns, so that it is left in order", async () => {
    expectInterrupted(
      await interrupt("for (;;) { slow.step(500); await new Promise((r) => setImmediate(r)); }"),
    );
    expect((await kernel.execute("slow.depth()")).text).toBe("0");
    expectInterrupted(await interrupt("for (;;) slow.step(300);"));
    expect((await kernel.execute("slow.depth()")).text).toBe("0");
  });

  it("ends a package that does not return when the reader insists", async () => {
    const ended = interrupt("slow.step(1e9)");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    kernel.command("interrupt");
    expectInterrupted(await ended);
    expect((await kernel.execute("slow.depth()")).text).toBe("1");
    await expectHealthy();
  });
});

describe("an interrupt by SIGINT", () => {
  const signal = () => kernel.command("signal", { name: "SIGINT" });

  it("stops a synchronous loop", async () => {
    expectInterrupted(await interrupt("for (;;) {}", signal));
    await expectHealthy();
  });

  it("stops an await without end", async () => {
    expectInterrupted(await interrupt("await new Promise(() => {})", signal));
    await expectHealthy();
  });

  it("is survived by an idle kernel", async () => {
    signal();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expectHealthy();
  });
});
