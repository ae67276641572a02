import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelClient, type ReceivedMessage } from "../kernel-client.js";
import { commMessages, defineDial } from "./dial.js";

let kernel: KernelClient;
let modelId: string;

beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(`import { hold } from "@latentlab/kernel";\n${defineDial}`);
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
  modelId = await show("dial");
});
afterAll(() => kernel.close());

/** @returns the id of the model that the widget got */
async function show(widget: string): Promise<string> {
  const { messages } = await kernel.execute(widget);
  return messages.filter(({ header }) => header.msg_type === "comm_open").at(-1)?.content.comm_id;
}

describe("changes that are held", () => {
  const anglesOf = (messages: ReceivedMessage[]) =>
    commMessages(messages).map(({ content }) => content.data.state.angle);
  const waitUntilPrinted = (cell: string) =>
    kernel.waitForPublication("stream", ({ parent_header }) => parent_header.msg_id === cell);

  it("are sent when the cell is stopped, and later changes as ever", async () => {
    const cell = kernel.sendExecute(
      "await hold(async () => { dial.state.set({ angle: 1 }); console.log('held'); await new Promise(() => {}); });",
    );
    await waitUntilPrinted(cell);
    await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.waitForExecution(cell)).reply.ename).toBe("KeyboardInterrupt");
    await kernel.execute("1");
    const sent = kernel.messages.filter(({ content }) => content.comm_id === modelId).at(-1);
    expect(sent?.content.data.state).toEqual({ angle: 1 });
    const { messages } = await kernel.execute(
      "for (let angle = 1; angle <= 10; angle++) { dial.state.set({ angle }); await new Promise((r) => setTimeout(r, 60)); }",
    );
    expect(anglesOf(messages)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("are sent when the code that holds them is terminated", async () => {
    const cell = kernel.sendExecute(
      "hold(() => { dial.state.set({ angle: 1 }); console.log('held'); for (;;); });",
    );
    await waitUntilPrinted(cell);
    // The kernel's own code, which calls the loop, is left to return at the first.
    for (let times = 0; times < 2; times++) await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.waitForExecution(cell)).reply.status).toBe("error");
    // What was held has gone out at the cell's end; the next change is sent at once only some time later.
    const { messages } = await kernel.execute(
      "await new Promise((r) => setTimeout(r, 60)); dial.state.set({ angle: 2 }); hold(() => dial.state.set({ angle: 3 }));",
    );
    expect(anglesOf(messages)).toEqual([2, 3]);
  });

  it("stay together while the page sends something, which is answered at once", async () => {
    await kernel.execute(
      "const answering = new Dial(); answering.state.subscribe((_changes, source) => { if (source === 'view') answering.state.set({ layers: [] }); });",
    );
    const otherId = await show("answering");
    const cell = kernel.sendExecute(
      `await hold(async () => {
         dial.state.set({ angle: 1 }); console.log('held');
         while (answering.values.angle !== 88) await new Promise((r) => setTimeout(r, 20));
         dial.state.set({ weights: new Float32Array([1]) });
       });`,
    );
    await waitUntilPrinted(cell);
    const msgId = kernel.send("shell", "comm_msg", {
      comm_id: otherId,
      data: { method: "update", state: { angle: 88 }, buffer_paths: [] },
    });
    await kernel.waitForIdle(msgId);
    expect(commMessages(kernel.publicationsOf(msgId)).map(({ content }) => content.data)).toEqual([
      { method: "echo_update", state: { angle: 88 }, buffer_paths: [] },
      { method: "update", state: { layers: [] }, buffer_paths: [] },
    ]);
    const updates = commMessages((await kernel.waitForExecution(cell)).messages);
    expect(updates.map(({ content }) => content.data)).toEqual([
      { method: "update", state: { angle: 1 }, buffer_paths: [["weights"]] },
    ]);
  });

  it("stay together while a cell of a subshell comes to its end", async () => {
    await kernel.execute("let others = 0;");
    const { subshell_id } = await kernel.request("create_subshell_request", {}, "control");
    const cell = kernel.sendExecute(
      "await hold(async () => { dial.state.set({ angle: 1 }); console.log('held'); while (others === 0) await new Promise((r) => setTimeout(r, 20)); dial.state.set({ angle: 2 }); });",
    );
    await waitUntilPrinted(cell);
    const other = kernel.sendExecute(
      "dial.state.set({ layers: [] }); others = 1;",
      {},
      { header: { subshell_id } },
    );
    const between = await kernel.waitForExecution(other);
    expect(commMessages(between.messages).map(({ content }) => content.data.state)).toEqual([{ layers: [] }]);
    expect(anglesOf((await kernel.waitForExecution(cell)).messages)).toEqual([2]);
    await kernel.request("delete_subshell_request", { subshell_id }, "control");
  });

  it("are not sent where others have changed the same since", async () => {
    const { messages } = await kernel.execute(
      `const long = hold(async () => { dial.state.set({ angle: 1, weights: new Float32Array([1]) }); await new Promise((r) => setTimeout(r, 100)); });
       dial.state.set({ angle: 2 });
       await long;`,
    );
    expect(commMessages(messages).map(({ content }) => content.data)).toEqual([
      { method: "update", state: { angle: 2 }, buffer_paths: [] },
      { method: "update", state: {}, buffer_paths: [["weights"]] },
    ]);
  });

  it("belong to the outermost hold", async () => {
    const { messages } = await kernel.execute(
      "hold(() => { hold(() => dial.state.set({ angle: 1 })); dial.state.set({ angle: 77 }); });",
    );
    expect(anglesOf(messages)).toEqual([77]);
  });
});
