import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;

beforeEach(async () => {
  kernel = await KernelClient.start();
});
afterEach(() => kernel.close());

/** Types each part of which takes TypeScript half a second or more to compare; an error comes after them. */
const slowTypes = (parts: number) => `
  type D = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";
  type Most = \`\${D}\${D}\${Exclude<D, "8" | "9">}\`;
  type All = \`\${D}\${D}\${D}\`;
  interface Last { f(x: any): any }
  ${`{
    type Of<K extends string, L> = { f(x: L): { [P in K]: L } };
    type A = { [K in Most]: Of<\`a\${K}\`, K> }[Most];
    type B = { [K in All]: Of<\`a\${K}\`, \`\${K}x\`> }[All];
    (a: A, b: B) => { let c: B | Last = a; };
  }`.repeat(parts)}
  const wrong: number = "text";`;

const indexIn = (messages: readonly { header: { msg_type: string } }[], type: string) =>
  messages.findIndex(({ header }) => header.msg_type === type);

describe("a check that takes longer than its cell", () => {
  it("is reported before the cell is idle and the next one starts, but after the reply", async () => {
    await kernel.execute("1");
    const first = kernel.sendExecute(`// typecheck: warn\n${slowTypes(2)} 'done'`);
    const second = kernel.sendExecute("'second'");
    const { stderr, text, reply } = await kernel.waitForExecution(first);
    expect([reply.status, text]).toEqual(["ok", "'done'"]);
    expect(stderr).toContain("TS2322: Type 'string' is not assignable to type 'number'.");
    const own = kernel.messages.filter(({ parent_header }) => parent_header.msg_id === first);
    expect(indexIn(own, "execute_reply")).toBeLessThan(indexIn(own, "stream"));
    await kernel.waitForExecution(second);
    const idle = kernel.messages.indexOf(await kernel.waitForIdle(first));
    const busy = kernel.messages.findIndex(({ parent_header }) => parent_header.msg_id === second);
    expect(idle).toBeLessThan(busy);
  });

  it("does not let its cell's error abort what is sent behind the reply", async () => {
    await kernel.execute("1");
    const failing = kernel.sendExecute(`// typecheck: warn\n${slowTypes(3)} throw new Error('soon')`);
    const early = kernel.sendExecute("'early'");
    expect((await kernel.waitForReply(failing)).content.status).toBe("error");
    const late = kernel.sendExecute("'late'");
    expect((await kernel.waitForExecution(late)).text).toBe("'late'");
    expect((await kernel.waitForReply(early)).content.status).toBe("aborted");
  });

  it("is no longer waited for after an interrupt, which stops the cells that wait, too", async () => {
    await kernel.execute("const kept = 1");
    const slow = kernel.sendExecute(`// typecheck: warn\n${slowTypes(10)} kept`);
    const waiting = kernel.sendExecute("'waiting'");
    await kernel.waitForReply(slow);
    await sleep(100);
    const start = performance.now();
    kernel.command("interrupt");
    await kernel.waitForIdle(slow);
    expect(performance.now() - start).toBeLessThan(1000);
    expect((await kernel.waitForReply(waiting)).content.status).toBe("aborted");
    const { text } = await kernel.execute("// typecheck: off\nkept");
    expect(text).toBe("1");
  });

  it("of very long duration does not keep the next cell waiting for ever", async () => {
    await kernel.execute("1");
    // TypeScript itself gives up on one cell that takes so long; these are enough for machines that are much faster.
    for (let count = 0; count < 40; count++) {
      const { subshell_id } = await kernel.request("create_subshell_request", {}, "control");
      kernel.sendExecute(`${slowTypes(40)} ${count}`, {}, { header: { subshell_id } });
    }
    const slow = kernel.sendExecute("// typecheck: warn\n1");
    const next = kernel.sendExecute("// typecheck: off\n'next'");
    await kernel.waitForReply(slow);
    const start = performance.now();
    expect((await kernel.waitForExecution(next)).text).toBe("'next'");
    expect(performance.now() - start).toBeGreaterThan(8000);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
