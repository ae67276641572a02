import * as tf from "@tensorflow/tfjs-core";
import type { Handle, TypedArray } from "./addon.js";
import { runtime } from "./runtime.js";

export type Values = Float32Array | Int32Array | Uint8Array;

/** What stands behind a tensor of TensorFlow.js. Never refers to its data id: see `abandoned`. */
export interface Entry {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  /** Tensors that share it; freed when there is none left. */
  references: number;
  /** 0: none yet (a constant) or none at all (strings). */
  handle: Handle;
  device: "cpu" | "cuda";
  /**
   * All elements have this value. Numbers that JavaScript brings in (`tf.mul(x, 0.5)`, `tf.ones`) stay in this form,
   * because bringing data to a GPU takes longer than most operators and cannot be captured in a CUDA graph.
   */
  constant: number | undefined;
  readonly strings: Uint8Array[] | undefined;
  /** The memory is updated in place (by an optimiser, by a replayed graph): what shares it would change, too. */
  mutable: boolean;
  /** A gradient with the strides of its parameter. */
  isGradient: boolean;
}

export function newEntry(shape: number[], dtype: tf.DataType, content: Partial<Entry>): Entry {
  return {
    shape,
    dtype,
    references: 1,
    handle: 0,
    device: runtime.device,
    constant: undefined,
    strings: undefined,
    mutable: false,
    isGradient: false,
    ...content,
  };
}

/** What can be told without the device: strings, and tensors of one number. */
export function readHostValues({ strings, constant, shape, dtype }: Entry): Values | undefined {
  if (strings) return strings as unknown as Values;
  if (constant === undefined) return undefined;
  const size = tf.util.sizeFromShape(shape);
  const values = tf.util.getTypedArrayFromDType(dtype as "float32", size);
  return values.fill(constant);
}

export function toTypedArray(values: ArrayLike<number>, dtype: tf.DataType): TypedArray {
  if (dtype === "int32") return values instanceof Int32Array ? values : Int32Array.from(values);
  if (dtype === "bool") return values instanceof Uint8Array ? values : Uint8Array.from(values, Number);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** The value of all elements, if it is one. */
export function valueOfAll(values: TypedArray): number | undefined {
  const first = values[0];
  // torch takes the -0 of a fill for 0.
  if (first === undefined || Object.is(first, -0)) return undefined;
  // Most data differ in the first few elements. `Object.is`: what is not a number equals itself, and -0 is not 0.
  for (let index = 1; index < values.length; index++) if (!Object.is(values[index], first)) return undefined;
  return first;
}
