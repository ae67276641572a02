import * as tf from "@tensorflow/tfjs-core";
import { fromTorchLayout, shapeHere } from "../autoencoder/kl/layout.js";
import type { ParameterShape } from "../autoencoder/kl/parameter-shapes.js";
import { WeightsError } from "../errors.js";
import { addVariable, type Parameters } from "../nn/parameters.js";
import type { TensorEntry, TensorSource } from "../safetensors/index.js";
import { modernNames } from "./parameter-names.js";

/**
 * Reads a model's parameters onto the engine. Names, shapes and types are checked before the first number is read; where
 * anything is wrong, nothing stays on the engine.
 *
 * @param expected every parameter of the model, with its shape in PyTorch
 * @throws WeightsError `ERR_WEIGHTS_MISSING`, `ERR_WEIGHTS_UNEXPECTED`, `ERR_WEIGHTS_SHAPE`, `ERR_WEIGHTS_DTYPE`,
 *   `ERR_WEIGHTS_DUPLICATE`, `ERR_WEIGHTS_FORMAT`, `ERR_WEIGHTS_NOT_FINITE`, with the tensor's name
 */
export async function loadParameters(
  source: TensorSource,
  expected: ReadonlyMap<string, ParameterShape>,
): Promise<Parameters> {
  const storedNames = modernNames(source.tensors.keys());
  requireSameNames(storedNames, expected);
  for (const [name, parameter] of expected) {
    requireStoredAs(source.tensors.get(storedNames.get(name) as string) as TensorEntry, parameter);
  }
  const parameters: Parameters = {};
  try {
    for (const [name, parameter] of expected) {
      const storedName = storedNames.get(name) as string;
      const values = await source.readFloat32(storedName);
      requireFinite(storedName, values);
      addVariable(parameters, name, fromTorchLayout(parameter, values), shapeHere(parameter));
    }
    return parameters;
  } catch (error) {
    tf.dispose(Object.values(parameters));
    throw error;
  }
}

function requireSameNames(
  storedNames: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, ParameterShape>,
): void {
  const missing = [...expected.keys()].filter((name) => !storedNames.has(name));
  if (missing.length > 0) {
    const message = `The weights lack ${list(missing)}. They belong to another config.`;
    throw new WeightsError("ERR_WEIGHTS_MISSING", message, { tensor: missing[0] as string });
  }
  const unexpected = [...storedNames.keys()].filter((name) => !expected.has(name));
  if (unexpected.length > 0) {
    const message = `The weights have ${list(unexpected)}, which the config has no place for.`;
    throw new WeightsError("ERR_WEIGHTS_UNEXPECTED", message, { tensor: unexpected[0] as string });
  }
}

function requireStoredAs({ name, dtype, shape }: TensorEntry, parameter: ParameterShape): void {
  if (!["F64", "F32", "F16", "BF16"].includes(dtype)) {
    const message = `"${name}" is stored as ${dtype}; weights are F32, F16, BF16 or F64.`;
    throw new WeightsError("ERR_WEIGHTS_DTYPE", message, { tensor: name });
  }
  const wanted = parameter.shape.join();
  // Attention's projections were 1 x 1 convolutions in the original code, and are in files converted from it.
  const isConvolution = parameter.kind === "linear" && shape.join() === `${wanted},1,1`;
  if (shape.join() !== wanted && !isConvolution) {
    const message = `"${name}" has the shape [${shape.join(", ")}] where the config wants [${parameter.shape.join(", ")}].`;
    throw new WeightsError("ERR_WEIGHTS_SHAPE", message, { tensor: name });
  }
}

function requireFinite(name: string, values: Float32Array): void {
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) continue;
    const message = `"${name}" has the value ${values[index]} at position ${index}. The weights are damaged; get them again.`;
    throw new WeightsError("ERR_WEIGHTS_NOT_FINITE", message, { tensor: name });
  }
}

function list(names: string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name}"`);
  return `${shown.join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}
