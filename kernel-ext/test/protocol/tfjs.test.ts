import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(`
    import * as tf from "@tensorflow/tfjs";
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const xs = tf.randomNormal([64, 3]), ys = tf.randomNormal([64, 1]);
    let batches = 0;
    const count = { onBatchEnd: async () => { batches++; if (batches === 1) console.log("trains"); } };
    /** Like a batch of a large model. */
    const slowly = (ms: number) => ({ onBatchEnd: async () => {
      const end = Date.now() + ms; while (Date.now() < end); if (batches++ === 0) console.log("trains"); } });
    const numbers = tf.data.generator(function* () { for (;;) yield { xs: tf.ones([3]), ys: tf.ones([1]) }; } as any).batch(8);
  `);
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
}, 60_000);
afterAll(() => kernel.close());

/** Stops a training once it has begun. */
async function stop(code: string): Promise<Execution> {
  const msgId = kernel.sendExecute(`batches = 0; ${code}`);
  await kernel.waitForPublication(
    "stream",
    ({ parent_header, content }) => parent_header.msg_id === msgId && content.text.includes("trains"),
  );
  kernel.command("interrupt");
  return kernel.waitForExecution(msgId);
}

describe("a training by TensorFlow.js that is stopped", () => {
  it.each([
    ["fit", "await model.fit(xs, ys, { epochs: 1e6, verbose: 0, callbacks: count })"],
    ["fit with slow batches", "await model.fit(xs, ys, { epochs: 1e6, verbose: 0, callbacks: slowly(300) })"],
    [
      "fit in a function that tidies up",
      "const train = async () => { try { await model.fit(xs, ys, { epochs: 1e6, verbose: 0, callbacks: count }); } finally { batches = -1; } }; await train()",
    ],
    [
      "fitDataset",
      "await model.fitDataset(numbers as any, { epochs: 1e6, batchesPerEpoch: 8, verbose: 0, callbacks: count })",
    ],
    [
      "fit before its first batch",
      "await model.fit(xs, ys, { epochs: 1e6, verbose: 0, callbacks: { ...count, onTrainBegin: async () => { console.log('trains'); await new Promise((r) => setTimeout(r, 400)); } } })",
    ],
  ])("ends in order and leaves its model usable: %s", async (_, training) => {
    for (let round = 0; round < 3; round++) {
      const { reply, stderr } = await stop(training);
      expect(reply).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
      expect(stderr).toBe("");
      const again = await kernel.execute(
        "const { epoch } = await model.fit(xs, ys, { epochs: 1, verbose: 0 }); [epoch, (model.predict(xs) as tf.Tensor).shape]",
      );
      expect(again.text, JSON.stringify(again.reply)).toBe("[ [ 0 ], [ 64, 1 ] ]");
    }
    const { text } = await kernel.execute(
      "const before = batches; await new Promise((r) => setTimeout(r, 200)); batches - before",
    );
    expect(text).toBe("0");
  });

  it("ends at once at the second interrupt", async () => {
    const code =
      "await model.fit(xs, ys, { epochs: 1, verbose: 0, callbacks: { onBatchEnd: async () => { console.log('trains'); await new Promise(() => {}); } } })";
    const msgId = kernel.sendExecute(code);
    await kernel.waitForPublication("stream", ({ parent_header }) => parent_header.msg_id === msgId);
    kernel.command("interrupt");
    await kernel.waitForPublication("stream", ({ content }) => content.text.includes("A second interrupt"));
    expect(kernel.publicationsOf(msgId, "error")).toEqual([]);
    kernel.command("interrupt");
    expect((await kernel.waitForExecution(msgId)).reply).toMatchObject({ ename: "KeyboardInterrupt" });
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });
});
