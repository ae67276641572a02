import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createTransformer, createUnet, toLabels } from "../../src/diffusion/index.js";
import { createFrequencies } from "../../src/diffusion/networks/embeddings.js";
import { createPositions } from "../../src/diffusion/networks/positions.js";
import { applyTransformer } from "../../src/diffusion/networks/transformer.js";
import { applyUnet } from "../../src/diffusion/networks/unet.js";
import { engine, type Parameters } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";
import { largestDifference } from "./closed-form.js";

const transformers = [
  {
    title: "a token a position",
    options: { shape: [2, 3, 2], width: 8, heads: 2, depth: 1, classes: [3, 2] },
  },
  {
    title: "patches and qk-norm",
    options: { shape: [2, 4, 1], patch: 2, width: 8, heads: 2, depth: 1, qkNorm: true },
  },
] as const;

/** As after some training: networks begin with zeros, through which little can be seen. */
function shake(parameters: Parameters, scale = 0.3): void {
  for (const [index, variable] of Object.values(parameters).entries()) {
    tf.tidy(() => variable.assign(tf.add(variable, normal(variable.shape, 100 + index, scale))));
  }
}

/**
 * A U-Net has many parameters, and every one would be measured by itself: so all of the same name in their blocks are one
 * vector. Without the bias of the keys, which adds the same to all scores of a query: softmax takes it off again.
 */
function joinByKind(parameters: Parameters) {
  const kinds = new Map<string, string[]>();
  for (const name of Object.keys(parameters).filter((name) => !name.endsWith("to_k.bias"))) {
    const kind = name.split(".").slice(-2).join(".");
    kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  const groups = [...kinds.values()];
  const variable = (name: string) => parameters[name] as tf.Variable;
  return {
    vectors: groups.map((names) => tf.concat(names.map((name) => tf.reshape(variable(name), [-1])))),
    split(vectors: tf.Tensor[]): Parameters {
      const entries = groups.flatMap((names, index) => {
        let start = 0;
        return names.map((name) => {
          const { size, shape } = variable(name);
          const part = tf.slice(vectors[index] as tf.Tensor1D, start, size);
          start += size;
          return [name, tf.reshape(part, shape)];
        });
      });
      return Object.fromEntries(entries);
    },
  };
}

const labelsFor = (classes: readonly number[] | undefined) =>
  classes
    ? toLabels(
        [
          [0, 1],
          [2, -1],
        ],
        classes,
      )
    : undefined;

describeOnEveryEngine("networks", () => {
  describe.each(transformers)("the transformer with $title", ({ options }) => {
    it("has the gradient of its differences, in all parameters and its input", () => {
      const model = createTransformer({ ...options, seed: 1 });
      shake(model.parameters);
      const { config, parameters } = model;
      const constants = {
        frequencies: createFrequencies(),
        positions: createPositions(
          config.shape[0] / config.patch,
          config.shape[1] / config.patch,
          config.width,
        ),
      };
      const labels = labelsFor("classes" in options ? options.classes : undefined);
      const level = tf.tensor1d([0.3, 0.8]);
      const names = Object.keys(parameters);
      expectGradientsToMatch(
        (input, ...values) => {
          const moved = Object.fromEntries(names.map((name, index) => [name, values[index] as tf.Variable]));
          return applyTransformer(moved, constants, config, input as tf.Tensor4D, level, labels);
        },
        [normal([2, ...config.shape], 5), ...Object.values(parameters)],
        { step: 3e-3, tolerance: 2e-2 },
      );
      model.dispose();
    });
  });

  it("the transformer is the same for all positions but for their embeddings", () => {
    const model = createTransformer({ shape: [2, 2, 1], width: 8, depth: 1, heads: 1, seed: 2 });
    shake(model.parameters);
    const [input, level] = [normal([1, 2, 2, 1], 1) as tf.Tensor4D, tf.tensor1d([0.5])];
    const constants = { frequencies: createFrequencies(), positions: tf.zeros([1, 4, 8]) as tf.Tensor3D };
    const apply = (x: tf.Tensor4D, places = constants) =>
      applyTransformer(model.parameters, places, model.config, x, level, undefined);
    const turned = tf.reverse(input, [1, 2]) as tf.Tensor4D;
    const back = (x: tf.Tensor4D) => tf.reverse(x, [1, 2]) as tf.Tensor4D;
    expect(largestDifference(back(apply(turned)), apply(input))).toBeLessThan(1e-5);
    const placed = { ...constants, positions: createPositions(2, 2, 8) };
    expect(largestDifference(back(apply(turned, placed)), apply(input, placed))).toBeGreaterThan(1e-3);
    model.dispose();
  });

  it("the U-Net has the gradient of its differences, in all parameters and its input", () => {
    const options = { inChannels: 3, outChannels: 2, widths: [4, 8], attention: [false, true], heads: 2 };
    const model = createUnet({ ...options, classes: [3, 2], seed: 1 });
    shake(model.parameters, 0.1);
    const { config, parameters } = model;
    const frequencies = createFrequencies();
    const labels = labelsFor([3, 2]);
    const joined = joinByKind(parameters);
    expectGradientsToMatch(
      (input, ...values) => {
        const moved = { ...parameters, ...joined.split(values) };
        return applyUnet(moved, frequencies, config, input as tf.Tensor4D, tf.tensor1d([0.3, 0.8]), labels);
      },
      [normal([2, 4, 2, 3], 5), ...joined.vectors],
      { step: 3e-3, tolerance: 3e-2 },
    );
    model.dispose();
  }, 60_000);

  it("the U-Net takes any size that its down-sampling divides", () => {
    const model = createUnet({ inChannels: 1, widths: [4, 4, 8], blocks: 2, attention: [false, true, true] });
    for (const [height, width] of [
      [4, 4],
      [8, 12],
      [16, 4],
    ] as const) {
      const output = model.network(
        normal([1, height, width, 1], 1) as tf.Tensor4D,
        tf.tensor1d([0]),
        undefined,
      );
      expect(output.shape).toEqual([1, height, width, 1]);
    }
    const wrong = tf.zeros([1, 6, 8, 1]) as tf.Tensor4D;
    expect(() => model.network(wrong, tf.tensor1d([0]), undefined)).toThrow(/that 4 divides/);
    model.dispose();
  });

  it.each([
    {
      name: "transformer",
      create: () => createTransformer({ shape: [4, 4, 2], width: 8, heads: 2, classes: [3, 2] }),
    },
    { name: "U-Net", create: () => createUnet({ inChannels: 2, widths: [4, 8], classes: [3, 2] }) },
  ])("the $name begins with 0, then hears level and labels, and leaves nothing behind", ({ create }) => {
    const atFirst = tf.memory().numTensors;
    const model = create();
    const inputs = {
      x: normal([2, 4, 4, 2], 1) as tf.Tensor4D,
      level: tf.tensor1d([0.2, 0.9]),
      labels: toLabels(
        [
          [0, 1],
          [2, 0],
        ],
        [3, 2],
      ),
    };
    const zeros = model.network(inputs.x, inputs.level, inputs.labels);
    expect(largestDifference(zeros, tf.zerosLike(zeros))).toBe(0);
    tf.dispose(zeros);
    shake(model.parameters);
    tf.tidy(() => {
      const output = model.network(inputs.x, inputs.level, inputs.labels);
      const others = [
        model.network(inputs.x, tf.add(inputs.level, 0.05) as tf.Tensor1D, inputs.labels),
        model.network(
          inputs.x,
          inputs.level,
          toLabels(
            [
              [0, 0],
              [1, 0],
            ],
            [3, 2],
          ),
        ),
        model.network(
          inputs.x,
          inputs.level,
          toLabels(
            [
              [0, 1],
              [2, -1],
            ],
            [3, 2],
          ),
        ),
      ];
      for (const other of others) expect(largestDifference(other, output)).toBeGreaterThan(1e-4);
      // What is said of one sample does not touch the other.
      const [first] = tf.split(others[2] as tf.Tensor4D, 2, 0);
      expect(largestDifference(first as tf.Tensor, tf.split(output, 2, 0)[0] as tf.Tensor)).toBeLessThan(
        1e-5,
      );
    });
    const before = tf.memory().numTensors;
    for (let step = 0; step < 2; step++) {
      const { value, gradients } = engine.valueAndGradients(
        () => tf.sum(model.network(inputs.x, inputs.level, inputs.labels)),
        model.parameters,
      );
      tf.dispose([value, gradients] as unknown as tf.TensorContainer);
    }
    expect(tf.memory().numTensors).toBe(before);
    for (const labels of [undefined, tf.zeros([2, 1], "int32") as tf.Tensor2D]) {
      expect(() => model.network(inputs.x, inputs.level, labels)).toThrow(/labels \[2, 2\]/);
      tf.dispose(labels);
    }
    const oneLevel = tf.tensor1d([0]);
    expect(() => model.network(inputs.x, oneLevel, inputs.labels)).toThrow(/one time a sample/);
    tf.dispose([inputs, oneLevel] as unknown as tf.TensorContainer);
    model.dispose();
    expect(tf.memory().numTensors).toBeLessThanOrEqual(atFirst + 3); // the constants that a first use makes
  });
});

describe("networks", () => {
  it("refuse what cannot be built", () => {
    const outOfRange = expect.objectContaining({ code: "ERR_OPTION_OUT_OF_RANGE" });
    const shape = [4, 4, 2] as const;
    expect(() => createTransformer({ shape, width: 10 })).toThrow(outOfRange);
    expect(() => createTransformer({ shape, width: 12, heads: 5 })).toThrow(/5 heads/);
    expect(() => createTransformer({ shape, patch: 3 })).toThrow(/patch 3/);
    expect(() => createTransformer({ shape: [4, 0, 1] })).toThrow(/width of the shape/);
    expect(() => createUnet({ inChannels: 1, widths: [] })).toThrow(outOfRange);
    expect(() => createUnet({ inChannels: 1, widths: [4, 6], attention: [true, true], heads: 4 })).toThrow(
      /4 heads/,
    );
    expect(() => createUnet({ inChannels: 1, widths: [4], attention: [true, true] })).toThrow(outOfRange);
  });
});
