import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "import { cell, comms, input, sleep } from '@latentlab/kernel'; let kept = 'kept'; let reached = 0;",
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

const hanging = {
  "a synchronous loop": "for (;;) {}",
  "a synchronous loop after an await": "await new Promise((r) => setTimeout(r, 20)); for (;;) {}",
  "a loop that catches everything": "for (;;) { try { for (;;) {} } catch {} finally {} }",
  "a loop in a timer's callback": "setTimeout(() => { for (;;) {} }, 10); await new Promise(() => {})",
  "a storm of microtasks": "for (;;) await null",
  "an await without end": "await new Promise(() => {})",
  "turns of computing and waiting":
    "for (;;) { const end = Date.now() + 200; while (Date.now() < end); await new Promise((r) => setImmediate(r)); }",
};

describe("an interrupt by message", () => {
  it.each(Object.entries(hanging))("stops %s and keeps the session", async (_name, code) => {
    expectInterrupted(await interrupt(code));
    await expectHealthy();
  });

  it("stops many loops in a row", async () => {
    for (let round = 0; round < 5; round++) expectInterrupted(await interrupt("for (;;) {}"));
    await expectHealthy();
  });

  it("really ends a loop that sleeps on timers", async () => {
    await interrupt(
      "for (;;) { await new Promise((r) => setTimeout(r, 20)); reached++; console.log('tick'); }",
    );
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
