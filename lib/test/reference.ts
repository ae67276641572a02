import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { fromTorchLayout, shapeHere } from "../src/autoencoder/kl/layout.js";
import type { Parameters } from "../src/nn/parameters.js";
import { openSafetensors } from "../src/safetensors/index.js";

/** What PyTorch has computed, by name; see the `make-fixtures.py` beside the file. */
export interface Reference {
  /** In PyTorch's layout; pictures are stored channels last. */
  values(name: string): Float32Array;
  shape(name: string): number[];
  tensor<Shape extends tf.Tensor>(name: string): Shape;
  number(name: string): number;
  /** A parameter's numbers in our layout. */
  inOurLayout(name: string): Float32Array;
  /** Gives the parameters the numbers of the reference, `prefix` before their names. */
  assign(parameters: Parameters, prefix?: string): void;
  names(prefix: string): string[];
}

export async function readReference(file: string): Promise<Reference> {
  const source = await openSafetensors(file);
  const stored = new Map<string, { values: Float32Array; shape: number[] }>();
  for (const [name, { shape }] of source.tensors)
    stored.set(name, { values: await source.readFloat32(name), shape: [...shape] });
  await source.close();
  const get = (name: string) => {
    const found = stored.get(name);
    if (!found) throw new Error(`${file} has no ${name}.`);
    return found;
  };
  const layoutOf = (shape: number[]) => {
    const kind = shape.length === 4 ? "convolution" : shape.length === 2 ? "linear" : "vector";
    return { kind, shape, centre: 0, spread: 0 } as const;
  };
  const inOurLayout = (name: string) => fromTorchLayout(layoutOf(get(name).shape), get(name).values);
  return {
    values: (name) => get(name).values,
    shape: (name) => get(name).shape,
    tensor: (name) => tf.tensor(get(name).values, get(name).shape) as never,
    number: (name) => get(name).values[0] as number,
    inOurLayout,
    assign(parameters, prefix = "") {
      for (const [name, variable] of Object.entries(parameters)) {
        expect(variable.shape, name).toEqual(shapeHere(layoutOf(get(prefix + name).shape)));
        tf.tidy(() => variable.assign(tf.tensor(inOurLayout(prefix + name), variable.shape)));
      }
    },
    names: (prefix) => [...stored.keys()].filter((name) => name.startsWith(prefix)),
  };
}

/** Throws unless the largest difference is below `tolerance` times the largest number. */
export function expectClose(
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  what: string,
  tolerance = 1e-4,
): void {
  expect(actual.length, what).toBe(wanted.length);
  let [scale, difference] = [0, 0];
  for (let index = 0; index < wanted.length; index++) {
    scale = Math.max(scale, Math.abs(wanted[index] as number));
    difference = Math.max(difference, Math.abs((actual[index] as number) - (wanted[index] as number)));
  }
  expect(scale, what).toBeGreaterThan(0);
  expect(difference / scale, what).toBeLessThan(tolerance);
}
