import vm from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { currentEngine } from "../../src/engine/current.js";
import {
  absoluteError,
  addNoise,
  attentionBlock,
  charbonnier,
  conv2d,
  createAdam,
  createAutoencoder,
  createPatchDiscriminator,
  createResidualDiscriminator,
  dense,
  flowLoss,
  flowPath,
  groupNorm,
  groupsOf,
  layerNorm,
  multiHeadAttention,
  normaliseRows,
  type Parameters,
  pairingLoss,
  residualBlock,
  silu,
  squaredError,
  upsampleNearest,
} from "../../src/index.js";
import { rmsNorm } from "../../src/nn/rms-norm.js";
import { describeOnEveryEngine } from "../engines.js";

/** Numbers of any shape, under the type that a function asks for. */
const of = (...shape: number[]) => tf.mul(tf.ones(shape), 0.5) as unknown as never;
const integers = (...shape: number[]) => tf.ones(shape, "int32") as unknown as never;
const layer = (weight: tf.Tensor, bias: tf.Tensor) =>
  ({ "l.weight": weight, "l.bias": bias }) as unknown as Parameters;
const picture = [1, 4, 4, 8] as const;
const filters = () => layer(of(3, 3, 8, 2), of(2));
const vectors = (size: number) => layer(of(size), of(size));

/** Ends an endless loop, which no timeout of the test's own would. */
const inTime = (work: () => unknown) =>
  vm.runInContext("work()", vm.createContext({ work: () => tf.tidy(() => void work()) }), { timeout: 5000 });

interface Case {
  wrong: () => unknown;
  says: RegExp;
  code?: string;
}

const attention: Record<string, Case> = {
  "multiHeadAttention: more values than keys": {
    wrong: () => multiHeadAttention(of(1, 4, 8), of(1, 4, 8), of(1, 64, 8), 2),
    says: /multiHeadAttention.*\[1, 4, 8\].*\[1, 64, 8\]/,
  },
  "multiHeadAttention: more keys than values": {
    wrong: () => multiHeadAttention(of(1, 4, 8), of(1, 64, 8), of(1, 4, 8), 2),
    says: /multiHeadAttention.*\[1, 64, 8\].*\[1, 4, 8\]/,
  },
  "multiHeadAttention: another batch": {
    wrong: () => multiHeadAttention(of(2, 4, 8), of(1, 4, 8), of(1, 4, 8), 2),
    says: /multiHeadAttention.*\[2, 4, 8\].*\[1, 4, 8\]/,
  },
  "multiHeadAttention: other channels": {
    wrong: () => multiHeadAttention(of(1, 4, 8), of(1, 4, 4), of(1, 4, 4), 2),
    says: /multiHeadAttention.*\[1, 4, 8\].*\[1, 4, 4\]/,
  },
  "multiHeadAttention: four axes": {
    wrong: () => multiHeadAttention(of(1, 2, 4, 8), of(1, 2, 4, 8), of(1, 2, 4, 8), 2),
    says: /multiHeadAttention.*query.*\[batch, positions, channels\].*\[1, 2, 4, 8\]/,
  },
  "multiHeadAttention: integers": {
    wrong: () => multiHeadAttention(of(1, 4, 8), integers(1, 4, 8), of(1, 4, 8), 2),
    says: /multiHeadAttention.*key.*int32 \[1, 4, 8\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "multiHeadAttention: half a head": {
    wrong: () => multiHeadAttention(of(1, 4, 8), of(1, 4, 8), of(1, 4, 8), 0.5),
    says: /multiHeadAttention.*8 channels.*0.5 heads/,
  },
  "attentionBlock: three axes": {
    wrong: () =>
      attentionBlock({ "l.group_norm.weight": of(8), "l.group_norm.bias": of(8) }, "l", of(4, 4, 8)),
    says: /groupNorm "l.group_norm".*\[4, 4, 8\]/,
  },
};

const normalisation: Record<string, Case> = {
  "groupNorm: three axes": {
    wrong: () => groupNorm(vectors(8), "l", of(4, 4, 8)),
    says: /groupNorm "l".*\[batch, height, width, channels\].*\[4, 4, 8\]/,
  },
  "groupNorm: integers": {
    wrong: () => groupNorm(vectors(8), "l", integers(...picture)),
    says: /groupNorm "l".*int32/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "groupNorm: gains of other channels": {
    wrong: () => groupNorm(vectors(4), "l", of(...picture)),
    says: /groupNorm "l".*weight.*\[8\].*\[4\]/,
  },
  "groupNorm: one offset for all": {
    wrong: () => groupNorm(layer(of(8), of(1)), "l", of(...picture)),
    says: /groupNorm "l".*bias.*\[8\].*\[1\]/,
  },
  "groupNorm: groups that do not divide the channels": {
    wrong: () => groupNorm(vectors(8), "l", of(...picture), { groups: 3 }),
    says: /groupNorm "l".*8 channels.*3 groups/,
  },
  "groupNorm: half a group": {
    wrong: () => groupNorm(vectors(8), "l", of(...picture), { groups: 0.5 }),
    says: /groupNorm "l".*8 channels.*0.5 groups/,
  },
  ...Object.fromEntries(
    [undefined, Number.NaN, 0, -4, 2.5].map((channels) => [
      `groupsOf: ${channels}`,
      {
        wrong: () => groupsOf(channels as number),
        says: new RegExp(`channels.*${channels}`),
        code: "ERR_OPTION_OUT_OF_RANGE",
      },
    ]),
  ),
  "layerNorm: gains of another size": {
    wrong: () => layerNorm(vectors(6), "l", of(2, 4)),
    says: /layerNorm "l".*weight.*\[4\].*\[6\]/,
  },
  "layerNorm: one gain for all": {
    wrong: () => layerNorm(vectors(1), "l", of(2, 4)),
    says: /layerNorm "l".*weight.*\[4\].*\[1\]/,
  },
  "layerNorm: integers": {
    wrong: () => layerNorm(vectors(4), "l", integers(2, 4)),
    says: /layerNorm "l".*int32 \[2, 4\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "rmsNorm: one gain for all": {
    wrong: () => rmsNorm(vectors(1), "l", of(2, 4)),
    says: /rmsNorm "l".*weight.*\[4\].*\[1\]/,
  },
  "normaliseRows: integers": {
    wrong: () => normaliseRows(integers(2, 4)),
    says: /normaliseRows.*int32 \[2, 4\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "normaliseRows: a scalar": { wrong: () => normaliseRows(of()), says: /normaliseRows.*\[\]/ },
};

const layers: Record<string, Case> = {
  "conv2d: integers": {
    wrong: () => conv2d(filters(), "l", integers(...picture)),
    says: /conv2d "l".*int32 \[1, 4, 4, 8\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "conv2d: five axes": {
    wrong: () => conv2d(filters(), "l", of(1, 1, 4, 4, 8)),
    says: /conv2d "l".*\[batch, height, width, channels\].*\[1, 1, 4, 4, 8\]/,
  },
  "conv2d: three axes": {
    wrong: () => conv2d(filters(), "l", of(4, 4, 8)),
    says: /conv2d "l".*\[4, 4, 8\]/,
  },
  "conv2d: other channels": {
    wrong: () => conv2d(filters(), "l", of(1, 4, 4, 3)),
    says: /conv2d "l".*\[1, 4, 4, 3\].*8 channels/,
  },
  "conv2d: one bias for all": {
    wrong: () => conv2d(layer(of(3, 3, 8, 2), of(1)), "l", of(...picture)),
    says: /conv2d "l".*bias.*\[2\].*\[1\]/,
  },
  "conv2d: filters of three axes": {
    wrong: () => conv2d(layer(of(3, 8, 8), of(8)), "l", of(...picture)),
    says: /conv2d "l".*weight.*\[3, 8, 8\]/,
  },
  "conv2d: a picture smaller than the filters": {
    wrong: () => conv2d(filters(), "l", of(1, 2, 4, 8), 1, "valid"),
    says: /conv2d "l".*\[1, 2, 4, 8\].*3 x 3/,
  },
  "conv2d: a stride of 0": {
    wrong: () => conv2d(filters(), "l", of(...picture), 0),
    says: /conv2d "l".*stride.*0/,
  },
  "residualBlock: integers": {
    wrong: () =>
      residualBlock(
        { "l.norm1.weight": of(8), "l.norm1.bias": of(8) } as unknown as Parameters,
        "l",
        integers(...picture),
      ),
    says: /groupNorm "l.norm1".*int32/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "silu: integers": {
    wrong: () => silu(integers(2)),
    says: /silu.*int32 \[2\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
  "upsampleNearest: three axes": {
    wrong: () => upsampleNearest(of(4, 4, 8)),
    says: /upsampleNearest.*\[batch, height, width, channels\].*\[4, 4, 8\]/,
  },
  "dense: another width": {
    wrong: () => dense(layer(of(6, 2), of(2)), "l", of(2, 8)),
    says: /dense "l".*\[2, 8\].*\[6, 2\]/,
  },
  "dense: another width that the number of values happens to fit": {
    wrong: () => dense(layer(of(6, 2), of(2)), "l", of(2, 12)),
    says: /dense "l".*\[2, 12\].*\[6, 2\]/,
  },
  "dense: one bias for all": {
    wrong: () => dense(layer(of(8, 2), of(1)), "l", of(2, 8)),
    says: /dense "l".*bias.*\[2\].*\[1\]/,
  },
  "dense: integers": {
    wrong: () => dense(layer(of(8, 2), of(2)), "l", integers(2, 8)),
    says: /dense "l".*int32 \[2, 8\]/,
    code: "ERR_DTYPE_MISMATCH",
  },
};

const network = (x: tf.Tensor4D) => tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, 1]);
const batch = { clean: of(2, 4, 4, 8), noise: of(2, 4, 4, 8), times: of(2) };

const comparisons: Record<string, Case> = {
  ...Object.fromEntries(
    Object.entries({ squaredError, absoluteError, charbonnier: charbonnier() }).flatMap(
      ([name, distortion]) =>
        [
          [2, 4, 4, 1],
          [1, 4, 4, 8],
        ].map((shape) => [
          `${name}: of [2, 4, 4, 8] and [${shape}]`,
          {
            wrong: () => distortion(of(2, 4, 4, 8), of(...shape)),
            says: new RegExp(`${name}.*\\[2, 4, 4, 8\\].*\\[${shape.join(", ")}\\]`),
          },
        ]),
    ),
  ),
  "pairingLoss: a column and a row": {
    wrong: () => pairingLoss(of(2, 1), of(2)),
    says: /pairingLoss.*\[2, 1\].*\[2\]/,
  },
  "flowLoss: a network that returns another shape": {
    wrong: () => flowLoss(network, batch, undefined),
    says: /estimate \[2, 4, 4, 1\].*target \[2, 4, 4, 8\]/,
  },
  "addNoise: noise for one sample": {
    wrong: () => addNoise(flowPath, of(2, 4, 4, 8), of(1, 4, 4, 8), of(2)),
    says: /addNoise.*\[2, 4, 4, 8\].*\[1, 4, 4, 8\]/,
  },
  "addNoise: times of another number": {
    wrong: () => addNoise(flowPath, of(2, 4, 4, 8), of(2, 4, 4, 8), of(1)),
    says: /addNoise.*times \[1\].*\[2\]/,
  },
};

describeOnEveryEngine("wrong shapes and types", () => {
  it.each(Object.entries({ ...attention, ...normalisation, ...layers, ...comparisons }))("%s", (_, {
    wrong,
    says,
    code = "ERR_SHAPE_MISMATCH",
  }) => {
    const error = expect.objectContaining({ code, message: expect.stringMatching(says) });
    expect(() => inTime(wrong)).toThrow(error);
    expect(tf.tidy(() => Array.from(tf.add(of(2), 1).dataSync()))).toEqual([1.5, 1.5]);
  });

  it("the engine's own attention compares keys and values, too", () => {
    tf.tidy(() => {
      const attend = () => currentEngine().layers.attention(of(1, 2, 4, 8), of(1, 2, 4, 8), of(1, 2, 64, 8));
      expect(attend).toThrow(/\[1, 2, 4, 8\].*\[1, 2, 64, 8\]|matmul/i);
    });
  });

  it("models name the layer that their pictures do not fit", () => {
    const model = createAutoencoder({ imageSize: 8, downsampling: 2, widths: [4, 4] });
    tf.tidy(() => {
      expect(() => model.encode(integers(1, 8, 8, 3))).toThrow(/conv2d "encoder.conv_in".*int32/);
      expect(() => model.encode(of(1, 8, 8, 4))).toThrow(/conv2d "encoder.conv_in".*\[1, 8, 8, 4\]/);
      expect(() => model.decode(of(1, 4, 4, 9))).toThrow(/conv2d "post_quant_conv".*\[1, 4, 4, 9\]/);
    });
    model.dispose();
  });

  it("a discriminator says the smallest picture that it judges", () => {
    const discriminator = createPatchDiscriminator({ width: 2, layers: 3 });
    tf.tidy(() => {
      for (const size of [4, 8, 23]) {
        expect(() => discriminator.judge(of(1, size, size, 3))).toThrow(/at least 24 x 24.*/);
      }
      expect(() => discriminator.judge(of(1, 32, 32, 1))).toThrow(/\[batch, height, width, 3\]/);
      expect(discriminator.judge(of(1, 24, 24, 3)).shape).toEqual([1, 1, 1, 1]);
    });
    discriminator.dispose();
  });

  it("a discriminator for pictures of one size says which", () => {
    const discriminator = createResidualDiscriminator({ imageSize: 8, widths: [4, 4] });
    tf.tidy(() => {
      expect(() => discriminator.judge(of(1, 16, 16, 3))).toThrow(/\[batch, 8, 8, 3\].*\[1, 16, 16, 3\]/);
    });
    discriminator.dispose();
  });

  it("an optimiser refuses gradients of other parameters", () => {
    const parameters = { a: tf.variable(of(2)), b: tf.variable(of(3)) };
    const adams = [
      createAdam(parameters, { learningRate: 0.1 }),
      createAdam(parameters, { learningRate: 0.1, groups: [{ matches: (name) => name === "a" }] }),
    ];
    tf.tidy(() => {
      for (const adam of adams) {
        expect(() => adam.update({ a: of(2), c: of(2) })).toThrow(
          expect.objectContaining({
            code: "ERR_SHAPE_MISMATCH",
            message: expect.stringMatching(/"c" \[2\]/),
          }),
        );
        expect(() => adam.update({ a: of(3) })).toThrow(/"a".*\[3\].*\[2\]/);
        expect(() => adam.update({ a: integers(2) })).toThrow(
          expect.objectContaining({
            code: "ERR_DTYPE_MISMATCH",
            message: expect.stringMatching(/"a".*int32/),
          }),
        );
        adam.update({ a: of(2), b: of(3) });
        adam.dispose();
      }
    });
    tf.dispose(parameters);
  });
});
