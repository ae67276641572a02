import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient, type ReceivedMessage } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute("import { comms, progress, sleep } from '@latentlab/kernel'; let reached = 0;");
});
afterAll(() => kernel.close());

const drawings = (messages: ReceivedMessage[]) =>
  messages.filter(({ header }) => header.msg_type.endsWith("display_data"));
const textOf = ({ content }: ReceivedMessage) => content.data["text/plain"] as string;

it("is one output that changes, with a picture and text", async () => {
  const { messages } = await kernel.execute(
    "for await (const i of progress([1, 2, 3], { label: 'count' })) { reached = i; await sleep(150); }",
  );
  const shown = drawings(messages);
  expect(shown.map(({ header }) => header.msg_type)).toEqual([
    "display_data",
    ...shown.slice(1).map(() => "update_display_data"),
  ]);
  expect(new Set(shown.map(({ content }) => content.transient.display_id)).size).toBe(1);
  expect(shown.at(-1)?.content.data["text/html"]).toContain("<progress");
  expect(textOf(shown.at(-1) as ReceivedMessage)).toMatch(/^count █{20} 100 % 3 of 3/);
  expect((await kernel.execute("reached")).text).toBe("3");
});

it("shows a loop within a loop below it", async () => {
  const { messages } = await kernel.execute(
    "for await (const i of progress(2, { label: 'outer' })) for await (const j of progress(2, { label: 'inner' })) await sleep(120);",
  );
  const shown = drawings(messages);
  expect(shown.some((message) => /outer.*\n {2}inner/.test(textOf(message)))).toBe(true);
  expect(new Set(shown.map(({ content }) => content.transient.display_id)).size).toBe(1);
  expect(textOf(shown.at(-1) as ReceivedMessage)).toMatch(/^outer.*100 %[^\n]*$/);
});

it("lets the page be heard in a loop that computes, and ends at an interrupt", async () => {
  await kernel.execute(
    "comms.registerTarget('p', (comm) => { comm.onMsg((m) => comm.send(m.content.data)); });",
  );
  const msgId = kernel.sendExecute(
    "for await (const i of progress(1e9)) { const end = Date.now() + 10; while (Date.now() < end); reached = i; }",
  );
  await kernel.waitForPublication("display_data", ({ parent_header }) => parent_header.msg_id === msgId);
  kernel.send("shell", "comm_open", { comm_id: "p1", target_name: "p", data: {} });
  kernel.send("shell", "comm_msg", { comm_id: "p1", data: { heard: true } });
  await kernel.waitForPublication("comm_msg", ({ content }) => content.data.heard, 1000);
  kernel.command("interrupt");
  const { reply, messages } = await kernel.waitForExecution(msgId);
  expect(reply.ename).toBe("KeyboardInterrupt");
  expect(textOf(drawings(messages).at(-1) as ReceivedMessage)).toContain("stopped");
});
