import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

/** The kernel with a real training, of the library that it is made for. */
let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(`
    import { cell, comms } from "@latentlab/kernel";
    import { cards, createAutoencoder, engine, fit } from "latentlab";
    await engine.use("wasm");
    const data = cards({ count: 32, size: 16, seed: 1 });
    const model = createAutoencoder({ imageSize: 16, imageChannels: 3, latentChannels: 2, downsampling: 2, widths: [8, 8], seed: 1 });
    let echoed = 0;
    comms.registerTarget("echo", (comm) => { comm.onMsg((m) => { echoed++; comm.send(m.content.data); }); });
    let steps = 0;
  `);
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
}, 60_000);
afterAll(() => kernel.close());

const training = `let announced = false;
for await (const event of fit(model, data, { steps: 1e6, klWeight: 1e-6, batchSize: 8, signal: cell.signal })) {
  steps = event.step;
  if (!announced) console.log("trains");
  announced = true;
}`;

it("answers comms, completion and inspection while it trains", async () => {
  const msgId = kernel.sendExecute(training);
  await kernel.waitForPublication("stream", ({ content }) => content.text.includes("trains"), 60_000);
  const startMs = performance.now();
  kernel.send("shell", "comm_open", { comm_id: "t1", target_name: "echo", data: {} });
  kernel.send("shell", "comm_msg", { comm_id: "t1", data: { n: 1 } });
  await kernel.waitForPublication("comm_msg", ({ content }) => content.data.n === 1, 2000);
  expect((await kernel.request("complete_request", { code: "model.enc", cursor_pos: 9 })).matches).toContain(
    "encode",
  );
  expect((await kernel.request("inspect_request", { code: "fit", cursor_pos: 1 })).found).toBe(true);
  expect(performance.now() - startMs).toBeLessThan(4000);
  expect(kernel.publicationsOf(msgId, "error")).toEqual([]);
  kernel.command("interrupt");
  await kernel.waitForExecution(msgId);
});

it("stops after its step when it is interrupted, and leaves the model usable", async () => {
  const before = Number((await kernel.execute("steps")).text);
  const msgId = kernel.sendExecute(training);
  await kernel.waitForPublication(
    "stream",
    ({ parent_header, content }) => parent_header.msg_id === msgId && content.text.includes("trains"),
    60_000,
  );
  kernel.command("interrupt");
  expect((await kernel.waitForExecution(msgId)).reply).toMatchObject({ ename: "KeyboardInterrupt" });
  const [first, second] = [await kernel.execute("steps"), await kernel.execute("steps")];
  expect(Number(first.text)).toBeGreaterThan(0);
  expect(second.text).toBe(first.text);
  expect(before).toBeGreaterThan(0);
  const again = await kernel.execute(
    "let last = 0; for await (const event of fit(model, data, { steps: 2, klWeight: 1e-6, batchSize: 8 })) last = event.step; last",
  );
  expect(again.text).toBe("2");
}, 60_000);
