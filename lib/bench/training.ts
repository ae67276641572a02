import * as tf from "@tensorflow/tfjs-core";
import { createAdam, engine } from "../src/index.js";
import type { BenchmarkModel } from "./models/model.js";

/** How a step is taken: operation by operation, or through `engine.compile`. */
export type Mode = "plain" | "compiled";

/** Trains a model on its one batch, step by step. */
export interface Training {
  /** Takes so many steps and waits for the last; returns its loss, from before its update. */
  run(steps: number): Promise<number>;
  /** Whether steps are replays of a captured graph by now. */
  captured(): boolean;
  dispose(): void;
}

export function startTraining(model: BenchmarkModel, mode: Mode): Training {
  const inputs: tf.NamedTensorMap = {};
  for (const [name, { shape, values }] of Object.entries(model.inputs))
    inputs[name] = tf.tensor(values, shape);
  const adam = createAdam(model.parameters, { learningRate: model.learningRate });

  const plainStep = (inputs: tf.NamedTensorMap) => {
    const { value, gradients } = engine.valueAndGradients(() => model.loss(inputs), model.parameters);
    adam.update(gradients);
    tf.dispose(gradients);
    return { loss: value };
  };
  const compiled = mode === "compiled" ? engine.compile(plainStep) : undefined;
  const step = compiled ?? plainStep;

  return {
    async run(steps) {
      let last: tf.Tensor | undefined;
      for (let index = 0; index < steps; index++) {
        last?.dispose();
        last = step(inputs).loss;
      }
      const [loss = Number.NaN] = last ? await last.data() : [];
      last?.dispose();
      return loss;
    },
    captured: () => compiled?.captured ?? false,
    dispose() {
      compiled?.dispose();
      adam.dispose();
      tf.dispose(inputs);
    },
  };
}
