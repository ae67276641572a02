import { setTimeout as sleep } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { torch } from "../../../src/engine/torch/index.js";
import { EngineError } from "../../../src/errors.js";
import { startTorch } from "./support.js";

describe("tensors of the torch engine", () => {
  beforeAll(async () => {
    await startTorch();
  });
  beforeEach(() => tf.setBackend("torch"));

  it("says which library runs on what", async () => {
    const details = await torch.start({ device: "cpu" });
    expect(details).toEqual({
      version: expect.stringMatching(/^2\.\d+\.\d+/),
      device: expect.stringMatching(/^CPU, \d+ threads?$/),
      precision: "float32",
    });
  });

  it("refuses options that the CPU does not have", async () => {
    await expect(torch.start({ device: "cpu", precision: "tf32" })).rejects.toMatchObject({
      code: "ERR_ENGINE_OPTION",
      message: expect.stringContaining("bfloat16"),
    });
  });

  it("names a tensor that is used after it was disposed of", () => {
    const tensor = tf.tensor2d([[1, 2, 3]]);
    tensor.dispose();
    const use = () => tf.add(tensor, 1);
    expect(use).toThrow(EngineError);
    expect(use).toThrow(
      expect.objectContaining({
        code: "ERR_TENSOR_FREED",
        message: expect.stringMatching(/Tensor \d+ .*\[1, 3\]/),
      }),
    );
  });

  it("names kernel and shapes where torch refuses them", () => {
    const run = () => tf.engine().runKernel("Softmax", { logits: tf.tensor2d([[1, 2]]) }, { dim: 5 });
    expect(run).toThrow(
      expect.objectContaining({
        code: "ERR_TORCH",
        message: expect.stringMatching(/Softmax\(logits: \[1, 2\] float32\)/),
      }),
    );
  });

  it("runs out of memory with a sentence, and works on", () => {
    const before = { ...torch.memory() };
    const allocate = () =>
      tf.tidy(() => {
        const column = tf.add(tf.ones([2 ** 20, 1]), 1);
        return tf.matMul(column, tf.reshape(column, [1, 2 ** 20]));
      });
    expect(allocate).toThrow(
      expect.objectContaining({
        code: "ERR_TORCH_OOM",
        message: expect.stringMatching(/BatchMatMul\(a: \[1048576, 1\].*Lower the batch size/),
      }),
    );
    expect(torch.memory()).toEqual(before);
    expect(tf.sum(tf.ones([3])).dataSync()[0]).toBe(3);
  });

  it("moves tensors from and to another engine", async () => {
    const here = tf.tensor1d([1, 2, 3]);
    await tf.setBackend("cpu");
    const there = tf.tensor1d([4, 5, 6]);
    expect(Array.from(tf.add(here, there).dataSync())).toEqual([5, 7, 9]);
    const variable = tf.variable(tf.tensor1d([7, 8, 9]));
    await tf.setBackend("torch");
    expect(Array.from(tf.add(tf.add(here, there), variable).dataSync())).toEqual([12, 15, 18]);
    tf.dispose([here, there, variable]);
  });

  it("keeps strings, truth values, integers and complex numbers", async () => {
    expect(tf.concat([tf.tensor1d(["a"]), tf.tensor1d(["ü", "c"])]).dataSync()).toEqual(["a", "ü", "c"]);
    expect(tf.logicalNot(tf.tensor1d([true, false])).dataSync()).toEqual(new Uint8Array([0, 1]));
    expect(tf.tensor1d([2 ** 30 + 1, -5], "int32").dataSync()).toEqual(new Int32Array([2 ** 30 + 1, -5]));
    const z = tf.mul(tf.complex([1, 2], [3, 4]), tf.complex([0, 1], [1, 0]));
    expect(await z.data()).toEqual(new Float32Array([-3, 1, 2, 4]));
  });

  it("holds no memory for tensors of one number, until it is needed", () => {
    const handles = torch.memory().tensors;
    const ones = tf.ones([1000, 1000]);
    const halved = tf.tidy(() => tf.reshape(tf.zerosLike(ones), [10, 100000]));
    expect(torch.memory().tensors).toBe(handles);
    expect(tf.sum(ones).dataSync()[0]).toBe(1e6);
    expect(Object.is(tf.mul(halved, -1).dataSync()[0], -0)).toBe(true);
    tf.dispose([ones, halved]);
  });

  it("refuses an index that is out of range", () => {
    expect(() => tf.gather(tf.tensor1d([1, 2]), tf.tensor1d([2], "int32"))).toThrow(
      /index value 2 is not in \[0, 1\]/,
    );
    expect(() => tf.gatherND(tf.tensor1d([1, 2]), tf.tensor2d([[-1]], [1, 1], "int32"))).toThrow(/-1/);
  });

  it("frees what nobody has disposed of, once it is garbage", async () => {
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void;
    const before = torch.memory().tensors;
    const entries = tf.backend().numDataIds();
    for (let index = 0; index < 100; index++) tf.add(tf.tensor1d([index, 1]), 1);
    expect(torch.memory().tensors).toBeGreaterThan(before + 100);
    expect(tf.backend().numDataIds()).toBeGreaterThan(entries + 100);
    const isLeft = () => torch.memory().tensors > before || tf.backend().numDataIds() > entries;
    for (let attempt = 0; attempt < 50 && isLeft(); attempt++) {
      collect();
      await sleep(10);
    }
    expect(torch.memory().tensors).toBeLessThanOrEqual(before);
    expect(tf.backend().numDataIds()).toBeLessThanOrEqual(entries);
  });
});
