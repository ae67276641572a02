import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelClient, type ReceivedMessage } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "import { Comm, comms } from '@latentlab/kernel'; comms.registerTarget('echo', (comm) => { comm.onMsg((message) => { comm.send({ echo: message.content.data }, { buffers: message.buffers }); }); comm.onClose(() => console.log('closed by the page')); });",
  );
});
afterAll(() => kernel.close());

const open = (id: string, target = "echo") =>
  kernel.send("shell", "comm_open", { comm_id: id, target_name: target, data: {} });
const say = (id: string, data: object, buffers: Uint8Array[] = []) =>
  kernel.send("shell", "comm_msg", { comm_id: id, data }, { buffers });
const ofComm = (id: string) => (message: ReceivedMessage) => message.content.comm_id === id;
const states = (msgId: string) =>
  kernel.publicationsOf(msgId, "status").map((message) => message.content.execution_state);

describe("comms that the page opens", () => {
  it("echo data and buffers, with busy and idle for every message", async () => {
    const opened = open("e1");
    const said = say("e1", { n: 3 }, [
      new Uint8Array([0, 255, 128]),
      new Uint8Array(0),
      new Uint8Array(100_000).fill(7),
    ]);
    const { content, buffers, parent_header } = await kernel.waitForPublication("comm_msg", ofComm("e1"));
    expect(content.data).toEqual({ echo: { n: 3 } });
    expect(buffers.map((buffer) => buffer.length)).toEqual([3, 0, 100_000]);
    expect([...(buffers[0] ?? [])]).toEqual([0, 255, 128]);
    expect(buffers[2]?.every((byte) => byte === 7)).toBe(true);
    expect(parent_header.msg_id).toBe(said);
    await kernel.waitForIdle(said);
    expect([states(opened), states(said)]).toEqual([
      ["busy", "idle"],
      ["busy", "idle"],
    ]);
  });

  it("are handled while a cell awaits", async () => {
    open("e2");
    const cell = kernel.sendExecute("await new Promise((r) => setTimeout(r, 1500)); 'done'");
    await kernel.waitForPublication("execute_input", (message) => message.parent_header.msg_id === cell);
    say("e2", { live: true }, [new Uint8Array([9])]);
    const answer = await kernel.waitForPublication("comm_msg", ofComm("e2"));
    expect(answer.content.data.echo).toEqual({ live: true });
    expect([...(answer.buffers[0] ?? [])]).toEqual([9]);
    expect(kernel.publicationsOf(cell, "execute_result")).toEqual([]);
    expect((await kernel.waitForExecution(cell)).text).toBe("'done'");
  });

  it("are closed at once where nobody registered the target", async () => {
    open("u1", "nobody");
    await kernel.waitForPublication("comm_close", ofComm("u1"));
    expect((await kernel.request("comm_info_request")).comms).not.toHaveProperty("u1");
  });

  it("tell the kernel when they close", async () => {
    open("e3");
    expect((await kernel.request("comm_info_request", { target_name: "echo" })).comms.e3).toEqual({
      target_name: "echo",
    });
    const closed = kernel.send("shell", "comm_close", { comm_id: "e3", data: {} });
    await kernel.waitForIdle(closed);
    expect(kernel.publicationsOf(closed, "stream").map((message) => message.content.text)).toEqual([
      "closed by the page\n",
    ]);
    expect((await kernel.request("comm_info_request")).comms).not.toHaveProperty("e3");
  });

  it("report a handler that fails, and go on", async () => {
    await kernel.execute(
      "comms.registerTarget('frail', (comm) => { comm.onMsg(() => { throw new Error('dropped it'); }); });",
    );
    open("f1", "frail");
    const said = say("f1", {});
    await kernel.waitForIdle(said);
    expect(kernel.publicationsOf(said, "stream")[0]?.content).toMatchObject({ name: "stderr" });
    expect(kernel.publicationsOf(said, "stream")[0]?.content.text).toContain("dropped it");
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });
});

describe("comms that a cell opens", () => {
  it("carry data, metadata and buffers, and are listed until they close", async () => {
    const { messages } = await kernel.execute(
      "const mine = new Comm('page', { data: { a: 1 }, metadata: { version: '2.1.0' }, buffers: [new Uint8Array([1, 2, 3]).subarray(1)] }); mine.send({ b: 2 }); mine.id",
    );
    const opened = messages.find((message) => message.header.msg_type === "comm_open");
    const id = opened?.content.comm_id;
    expect(opened?.content).toEqual({ comm_id: id, target_name: "page", data: { a: 1 } });
    expect(opened?.metadata).toEqual({ version: "2.1.0" });
    expect([...(opened?.buffers[0] ?? [])]).toEqual([2, 3]);
    expect((await kernel.request("comm_info_request", { target_name: "page" })).comms).toEqual({
      [id]: { target_name: "page" },
    });
    const closing = await kernel.execute("mine.close(); mine.send({})");
    expect(closing.messages.map((message) => message.header.msg_type)).toContain("comm_close");
    expect(closing.reply).toMatchObject({ status: "error", ename: "KernelError" });
    expect((await kernel.request("comm_info_request", { target_name: "page" })).comms).toEqual({});
  });
});
