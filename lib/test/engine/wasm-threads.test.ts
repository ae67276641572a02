import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import vm from "node:vm";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Helper } from "../../src/engine/wasm/helper.js";
import { splitBatch } from "../../src/engine/wasm/split-batch.js";
import { engine } from "../../src/index.js";
import { normal } from "../gradient-check.js";

const wasmFolder = `${path.dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`;

/** The backend's own kernel, before the engine replaces it. */
const { kernelFunc } = tf.getKernel("Conv2D", "wasm") as tf.KernelConfig;

beforeAll(() => engine.use("wasm"));

/** Large enough to be split. */
const pictures = () => normal([5, 24, 24, 32], 1) as tf.Tensor4D;
const filter = () => normal([3, 3, 32, 64], 2) as tf.Tensor4D;

const convolutions: { name: string; apply: (x: tf.Tensor4D) => tf.Tensor4D }[] = [
  { name: "same", apply: (x) => tf.conv2d(x, filter(), 1, "same") },
  { name: "strided", apply: (x) => tf.conv2d(x, filter(), 2, "same") },
  { name: "dilated", apply: (x) => tf.conv2d(x, filter(), 1, "valid", "NHWC", 2) },
  { name: "padded by numbers", apply: (x) => tf.conv2d(x, filter(), 1, 1, "NHWC", 1, "floor") },
  {
    name: "fused with bias and activation",
    apply: (x) =>
      tf.fused.conv2d({
        ...{ x, filter: filter(), strides: 1, pad: "same" },
        ...{ bias: normal([64], 3), activation: "relu" },
      }),
  },
];

describe("convolutions on several threads", () => {
  it("are told by the engine", () => {
    const count = Math.min(os.availableParallelism(), 4);
    expect(engine.describe().device).toContain(count > 1 ? `CPU, ${count} threads` : "CPU, 1 thread,");
  });

  it.each(convolutions)("give each picture the numbers that it has alone: $name", ({ apply }) => {
    const before = tf.memory();
    const [together, alone] = tf.tidy(() => [
      apply(pictures()).dataSync(),
      tf.concat((tf.split(pictures(), 5) as tf.Tensor4D[]).map(apply)).dataSync(),
    ]);
    expect(together).toEqual(alone);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  it("take tensors that another backend made", async () => {
    const expected = tf.tidy(() => tf.conv2d(pictures(), filter(), 1, "same").dataSync());
    await tf.setBackend("cpu");
    const [x, weights] = [pictures(), filter()];
    await engine.use("wasm");
    expect(tf.tidy(() => tf.conv2d(x, weights, 1, "same").dataSync())).toEqual(expected);
    tf.dispose([x, weights]);
  });

  it("go on after one that was stopped half-way", () => {
    const [x, weights] = [pictures(), filter()];
    const convolve = () => tf.tidy(() => tf.conv2d(x, weights, 1, "same").dataSync());
    const expected = Buffer.from(convolve().buffer);
    // The shorter ones end within the first convolution, wherever it is by then.
    for (let milliseconds = 1; milliseconds < 60; milliseconds += 2) {
      const timeout = { timeout: milliseconds };
      expect(() => vm.runInNewContext("for (;;) convolve()", { convolve }, timeout)).toThrow("timed out");
      expect(Buffer.from(convolve().buffer).equals(expected)).toBe(true);
    }
    tf.dispose([x, weights]);
  });
});

describe("a helper", () => {
  const attributes = {
    strides: [1, 1],
    pad: "same",
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: null,
  } as unknown as tf.NamedAttrMap;

  /** A convolution split between this thread and `helpers`, who are asked for `kernelName`. */
  const convolve = (kernelName: string, helpers: Helper[]) =>
    tf.tidy(() => {
      const backend = tf.backend() as BackendWasm;
      const inputs = { x: pictures(), filter: filter() };
      const original = (changes: { inputs?: tf.NamedTensorInfoMap } = {}) =>
        tf
          .engine()
          .makeTensorFromTensorInfo(
            kernelFunc({ backend, attrs: attributes, inputs: changes.inputs ?? inputs }) as tf.TensorInfo,
          );
      const result = splitBatch(kernelName, { inputs, attributes, backend, original }, helpers);
      return result && tf.engine().makeTensorFromTensorInfo(result).dataSync();
    });

  it("that fails leaves its part to the thread that asked, and is not asked again", async () => {
    const expected = tf.tidy(() => tf.conv2d(pictures(), filter(), 1, "same").dataSync());
    const helper = await Helper.start(wasmFolder);
    expect(convolve("Conv2D", [helper])).toEqual(expected);
    expect(helper.isLost).toBe(false);
    expect(convolve("NoSuchKernel", [helper])).toEqual(expected);
    expect(helper.isLost).toBe(true);
    expect(convolve("Conv2D", [helper])).toBeUndefined();
  });

  it("that cannot start says why", async () => {
    await expect(Helper.start("/no/such/folder/")).rejects.toThrow();
  });
});
