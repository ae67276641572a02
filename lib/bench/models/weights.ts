import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../src/index.js";
import type { HostTensor } from "./model.js";

/**
 * Makes parameters and inputs of one stream of random numbers, a linear congruential generator ("Numerical Recipes",
 * section 7.1). Its low bits are poor, which start values do not mind; 84 million numbers take it a third of a second.
 */
export class Weights {
  readonly parameters: Parameters = {};
  private state = 12345;

  /** Uniform in [-bound, bound). */
  uniform(shape: number[], bound: number): HostTensor {
    const values = new Float32Array(tf.util.sizeFromShape(shape));
    let state = this.state;
    for (let index = 0; index < values.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[index] = (state / 2 ** 31) * bound;
    }
    this.state = state;
    return { shape, values };
  }

  /** Adds `<name>.weight` `[size, size, inChannels, outChannels]`, uniform with variance 1 / fan-in, and `<name>.bias`. */
  convolution(name: string, size: number, inChannels: number, outChannels: number): void {
    const bound = Math.sqrt(3 / (size * size * inChannels));
    this.add(`${name}.weight`, this.uniform([size, size, inChannels, outChannels], bound));
    this.add(`${name}.bias`, constant([outChannels], 0));
  }

  /** Adds `<name>.weight` `[inSize, outSize]` and `<name>.bias` `[outSize]`. */
  dense(name: string, inSize: number, outSize: number): void {
    this.add(`${name}.weight`, this.uniform([inSize, outSize], Math.sqrt(3 / inSize)));
    this.add(`${name}.bias`, constant([outSize], 0));
  }

  /** Adds a normalisation's `<name>.weight` (ones) and `<name>.bias` (zeros), both `[channels]`. */
  norm(name: string, channels: number): void {
    this.add(`${name}.weight`, constant([channels], 1));
    this.add(`${name}.bias`, constant([channels], 0));
  }

  /** Adds a parameter of its own kind. */
  add(name: string, { shape, values }: HostTensor): void {
    const initial = tf.tensor(values, shape);
    this.parameters[name] = tf.variable(initial, true);
    initial.dispose();
  }
}

function constant(shape: number[], value: number): HostTensor {
  return { shape, values: new Float32Array(tf.util.sizeFromShape(shape)).fill(value) };
}
