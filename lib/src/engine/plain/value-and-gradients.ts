import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../nn/parameters.js";
import type { ValueAndGradients } from "../engine.js";

/** Gradients by TensorFlow.js's own tape. */
export function valueAndGradients(loss: () => tf.Scalar, parameters: Parameters): ValueAndGradients {
  const variables = Object.values(parameters);
  // Not `tf.variableGrads`: it throws where the loss depends on no parameter at all.
  const { value, grads } = freeingSavedOnError(() =>
    tf.engine().gradients(() => checked(loss()), variables, undefined, true),
  );
  const gradients: Record<string, tf.Tensor> = {};
  for (const [index, name] of Object.keys(parameters).entries()) {
    const gradient = grads[index];
    if (gradient) gradients[name] = gradient;
  }
  return { value, gradients };
}

function checked(value: tf.Scalar): tf.Scalar {
  if (value instanceof tf.Tensor && value.rank === 0) return value;
  const what = value instanceof tf.Tensor ? `a tensor of shape [${value.shape.join(", ")}]` : typeof value;
  throw new Error(`The loss has to return a scalar, not ${what}.`);
}

/**
 * TensorFlow.js keeps the tensors that the gradients will need, and forgets them when the loss throws: the activations
 * of a whole model, for ever.
 */
export function freeingSavedOnError<Result>(work: () => Result): Result {
  const engine = tf.engine();
  const keep = engine.keep;
  const kept: tf.Tensor[] = [];
  engine.keep = (tensor) => {
    kept.push(tensor);
    return keep.call(engine, tensor) as typeof tensor;
  };
  try {
    return work();
  } catch (error) {
    tf.dispose(kept);
    throw error;
  } finally {
    engine.keep = keep;
  }
}
