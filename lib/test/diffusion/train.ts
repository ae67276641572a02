import * as tf from "@tensorflow/tfjs-core";
import { createAdam, createNoise, engine, type Noise, type Parameters } from "../../src/index.js";

/**
 * Trains by Adam with a learning rate that falls to 0 along a cosine.
 *
 * @param loss draws its batch itself
 * @param afterStep for running averages
 * @returns the tensors that a step has left behind: 0
 */
export function train(
  parameters: Parameters,
  { steps, learningRate, seed = 1 }: { steps: number; learningRate: number; seed?: number },
  loss: (noise: Noise) => () => tf.Scalar,
  afterStep: () => void = () => {},
): number {
  const noise = createNoise(seed);
  const adam = createAdam(parameters, { learningRate });
  let leaked = 0;
  for (let step = 0; step < steps; step++) {
    const before = tf.memory().numTensors;
    adam.learningRate = (learningRate / 2) * (1 + Math.cos((Math.PI * step) / steps));
    tf.tidy(() => {
      // What draws and prepares comes first: only the rest is differentiated.
      const differentiated = loss(noise);
      adam.update(engine.valueAndGradients(differentiated, parameters).gradients);
    });
    afterStep();
    // The first step makes what stays: the state of Adam, for example.
    if (step > 0) leaked += tf.memory().numTensors - before;
  }
  adam.dispose();
  noise.dispose();
  return leaked;
}
