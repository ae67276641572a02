import * as tf from "@tensorflow/tfjs-core";
import type { EngineMemory } from "../engine.js";

/** TensorFlow.js's own counts; of the library below it nothing is known. */
export function memory(): EngineMemory {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes, peakBytes: undefined, reservedBytes: undefined };
}
