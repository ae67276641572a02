import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { engine } from "../../src/index.js";
import { engineNames, useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

type Padding = "same" | "valid" | number | [[0, 0], [number, number], [number, number], [0, 0]];

const geometries: {
  filter: [number, number];
  stride: number | [number, number];
  pad: Padding;
  image: [number, number];
}[] = [];
for (const filter of [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 3],
  [7, 7],
] as [number, number][]) {
  for (const stride of [1, 2, 3, [1, 2]] as (number | [number, number])[]) {
    for (const pad of ["same", "valid"] as const) geometries.push({ filter, stride, pad, image: [9, 8] });
  }
}
geometries.push(
  { filter: [3, 3], stride: 2, pad: 1, image: [8, 8] },
  { filter: [4, 4], stride: 2, pad: 1, image: [8, 8] },
  {
    filter: [3, 3],
    stride: 2,
    pad: [
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ],
    image: [8, 8],
  }, // diffusers' downsampling
  {
    filter: [3, 3],
    stride: 1,
    pad: [
      [0, 0],
      [2, 0],
      [1, 2],
      [0, 0],
    ],
    image: [5, 6],
  },
  { filter: [1, 1], stride: 1, pad: 1, image: [4, 4] },
);

interface Case {
  output: number[];
  inputGradient: number[];
  filterGradient: number[];
}

/** Forward value and both gradients of plain `tf.conv2d`, on the backend in use. */
function convolve({ filter, stride, pad, image }: (typeof geometries)[number]): Case {
  return tf.tidy(() => {
    const x = normal([2, ...image, 3], 1) as tf.Tensor4D;
    const weights = normal([...filter, 3, 4], 2) as tf.Tensor4D;
    const rounding = typeof pad === "number" ? "floor" : undefined;
    const apply = (x: tf.Tensor, weights: tf.Tensor) =>
      tf.conv2d(x as tf.Tensor4D, weights as tf.Tensor4D, stride, pad, "NHWC", 1, rounding);
    const output = apply(x, weights);
    const dy = normal(output.shape, 3);
    const [inputGradient, filterGradient] = tf.grads(apply)([x, weights], dy) as [tf.Tensor, tf.Tensor];
    return {
      output: Array.from(output.dataSync()),
      inputGradient: Array.from(inputGradient.dataSync()),
      filterGradient: Array.from(filterGradient.dataSync()),
    };
  });
}

const titled = geometries.map((geometry) => ({ title: JSON.stringify(geometry), geometry }));
const expected = new Map<string, Case>();

beforeAll(async () => {
  await engine.use("wasm");
  vi.spyOn(console, "warn").mockReturnValue(); // TensorFlow.js advertises faster backends when this one is used
  await tf.setBackend("cpu");
  for (const { title, geometry } of titled) expected.set(title, convolve(geometry));
});

describe.each(engineNames)("convolution gradients on %s equal those of TensorFlow.js's own", (name) => {
  beforeAll(async () => {
    await useEngine(name);
  });

  it.each(titled)("$title", ({ title, geometry }) => {
    const actual = convolve(geometry);
    for (const part of ["output", "inputGradient", "filterGradient"] as const) {
      const want = expected.get(title)?.[part] ?? [];
      expect(actual[part].length).toBe(want.length);
      const difference = Math.max(
        ...actual[part].map((value, index) => Math.abs(value - (want[index] ?? Number.NaN))),
      );
      expect(difference, part).toBeLessThan(1e-4);
    }
  });
});

describe("a layers model", () => {
  it.each(engineNames)("trains on %s with the engine's kernels", async (name) => {
    await useEngine(name);
    const { default: layers } = await import("@tensorflow/tfjs");
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          inputShape: [8, 8, 1],
          activation: "relu",
        }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: layers.train.adam(0.02), loss: "meanSquaredError" });
    const x = normal([32, 8, 8, 1], 1);
    const y = tf.mean(x, [1, 2]);
    const history = await model.fit(x, y, { epochs: 15, batchSize: 8, verbose: 0, shuffle: false });
    const losses = history.history.loss as number[];
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
  });
});
