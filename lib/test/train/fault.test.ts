import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Autoencoder,
  batchesAt,
  cards,
  createAutoencoder,
  type FitOptions,
  fit,
  TrainingError,
  train,
} from "../../src/index.js";
import { parameterGroup } from "../../src/train/parameter-groups.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";

const images = cards({ count: 32, seed: 1 });
const makeModel = () => createAutoencoder({ widths: [4, 8, 8], seed: 1 });

const readAll = (model: Autoencoder) =>
  Object.fromEntries(
    Object.entries(model.parameters).map(([name, variable]) => [name, variable.dataSync().slice()]),
  );

async function trainUntilFault(model: Autoencoder, options: Partial<FitOptions>): Promise<TrainingError> {
  const complete = { steps: 60, klWeight: 0.01, batchSize: 4, reportEvery: 7, ...options };
  try {
    for await (const _ of fit(model, images, complete));
  } catch (error) {
    if (error instanceof TrainingError) return error;
    throw error;
  }
  throw new Error("the training went well");
}

/** The same model with a decoder that returns NaN from the `first`-th call on. */
function failFromCall(model: Autoencoder, first: number): Autoencoder {
  let call = 0;
  return {
    ...model,
    decode(latents) {
      call += 1;
      return tf.tidy(() => tf.mul(model.decode(latents), call >= first ? Number.NaN : 1));
    },
  };
}

describeOnEveryEngine("a training whose loss is lost", () => {
  it("names the step, although it looks only now and then, and the part whose numbers are not finite", async () => {
    const model = makeModel();
    const before = tf.memory().numTensors;
    // Found in the first update: 1e30 overflows a convolution of the second step, and its square the sum of squares.
    const error = await trainUntilFault(model, { learningRate: 1e30 });
    expect(error).toMatchObject({ code: "ERR_LOSS_NOT_FINITE", step: 2, parameterGroup: "encoder.conv_in" });
    expect(error.message).toMatch(/step 2, beginning in encoder\.conv_in.*after step 0.*lower learningRate/);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it("puts the model back to the last checkpoint, which is in the error", async () => {
    const model = makeModel();
    const straight = makeModel();
    for await (const _ of fit(straight, images, { steps: 10, klWeight: 0.01, batchSize: 4, seed: 3 }));
    const error = await trainUntilFault(failFromCall(model, 14), { seed: 3, checkpointEvery: { steps: 5 } });
    expect(error.step).toBe(14);
    expect(error.checkpoint?.step).toBe(10);
    expect(error.checkpoint?.optimizer.step).toBe(10);
    expect(readAll(model)).toEqual(readAll(straight));
    expect(error.checkpoint?.weights).toEqual(readAll(straight));
    straight.dispose();
    model.dispose();
  });
});

describe("a training", () => {
  beforeAll(() => useEngine("wasm"));

  it("of a model that is broken from the start says which part is", async () => {
    const model = makeModel();
    tf.tidy(() =>
      model.parameters["decoder.up_blocks.1.resnets.0.conv1.bias"]?.assign(tf.fill([8], Number.NaN)),
    );
    const error = await trainUntilFault(model, {});
    expect(error).toMatchObject({ step: 1, parameterGroup: "decoder.up_blocks.1", checkpoint: undefined });
    expect(error.message).toMatch(/make a new model/i);
    model.dispose();
  });
});

it("groups parameters by the parts of a model", () => {
  expect(
    [
      "encoder.conv_in.weight",
      "encoder.down_blocks.2.resnets.0.norm1.bias",
      "decoder.mid_block.attentions.0.to_out.0.weight",
      "quant_conv.weight",
      "scale",
    ].map(parameterGroup),
  ).toEqual([
    "encoder.conv_in",
    "encoder.down_blocks.2",
    "decoder.mid_block.attentions.0",
    "quant_conv",
    "scale",
  ]);
});

describeOnEveryEngine("numbers that a loss does not show", () => {
  /** The loss is 0 and fine; its gradient, 0 / 0, is not, and so the weights are lost by the update after it. */
  const options = (steps: number) => {
    const parameters = { "part.weight": tf.variable(tf.zeros([3])) };
    const batches = {
      from: () =>
        (async function* () {
          while (true) yield [1, 2, 3];
        })(),
    };
    const networks = {
      model: {
        parameters,
        learningRate: 0.1,
        loss: () => ({ loss: tf.sqrt(tf.sum(tf.square(parameters["part.weight"]))) as tf.Scalar }),
      },
    };
    const toTensors = (batch: number[]) => ({ numbers: tf.add(tf.mul(tf.tensor1d(batch), 2), 1) });
    return { parameters, training: { steps, seed: 0, batches, toTensors, networks } };
  };

  it("are found at the end, and the weights put back", async () => {
    const { parameters, training } = options(1);
    const run = async () => {
      for await (const _ of train(training));
    };
    await expect(run()).rejects.toMatchObject({ code: "ERR_LOSS_NOT_FINITE", step: 1 });
    expect(Array.from(parameters["part.weight"].dataSync())).toEqual([0, 0, 0]);
    tf.dispose(parameters);
  });

  it("leave nothing behind where networks hand on by the same name", async () => {
    const first = { weight: tf.variable(tf.ones([3])) };
    const second = { weight: tf.variable(tf.ones([3])) };
    const before = tf.memory().numTensors;
    // Two steps are made again before the lost one is met, and each network hands on its own "made".
    const networks = Object.fromEntries(
      Object.entries({ first, second }).map(([name, parameters]) => [
        name,
        {
          parameters,
          learningRate: 0.1,
          loss({ batch: { numbers } }: { batch: { numbers: tf.Tensor } }) {
            const made = tf.mul(numbers, parameters.weight);
            return { loss: tf.sum(tf.square(made)) as tf.Scalar, handOn: { made } };
          },
        },
      ]),
    );
    const batches = batchesAt((step) => [1, 2, step === 2 ? Number.NaN : 3]);
    const toTensors = (batch: number[]) => ({ numbers: tf.tensor1d(batch) });
    const run = train({ steps: 5, batches, toTensors, networks });
    const all = async () => {
      for await (const _ of run);
    };
    await expect(all()).rejects.toMatchObject({ code: "ERR_LOSS_NOT_FINITE", step: 3 });
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([first, second]);
  });
});

describeOnEveryEngine("toTensors", () => {
  it("may leave tensors on its way to the batch's", async () => {
    const parameters = { weight: tf.variable(tf.ones([3])) };
    const held: number[] = [];
    const run = train({
      steps: 6,
      seed: 0,
      reportEvery: 1,
      batches: {
        from: () =>
          (async function* () {
            while (true) yield [1, 2, 3];
          })(),
      },
      toTensors: (batch: number[]) => ({ numbers: tf.add(tf.mul(tf.tensor1d(batch), 2), 1) }),
      networks: {
        model: {
          parameters,
          learningRate: 0.1,
          loss: ({ batch: { numbers } }: { batch: { numbers: tf.Tensor } }) => ({
            loss: tf.sum(tf.square(tf.sub(numbers, parameters.weight))) as tf.Scalar,
          }),
        },
      },
    });
    for await (const _ of run) held.push(tf.memory().numTensors);
    expect(new Set(held.slice(1)).size).toBe(1);
    tf.dispose(parameters);
  });
});
