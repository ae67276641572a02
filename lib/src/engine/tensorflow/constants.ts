import type { Binding } from "./binding.js";

/** Shapes, axes and factors; larger ones are data. */
const maxValues = 8;
const maxConstants = 4096;
const maxCandidates = 1024;

type Values = Float32Array | Int32Array | Uint8Array | unknown[];

/**
 * The binding with a memory for small constants. A training step uploads some 130 of them, the same ones every time; on
 * a GPU the upload of a single number makes TensorFlow wait.
 *
 * Tensors of TensorFlow's do not change, so that one can stand for all further uploads of the same numbers. It is never deleted.
 */
export function rememberConstants(binding: Binding): Binding {
  const known = new Map<string, number>();
  const constants = new Set<number>();
  /** Seen once: an optimiser's step size is another number at every step, and must not fill the memory. */
  const candidates = new Set<string>();
  return {
    ...bindAll(binding),
    createTensor(shape, type, values) {
      const key = describe(shape, type, values);
      const before = key === undefined ? undefined : known.get(key);
      if (before !== undefined) return before;
      const made = binding.createTensor(shape, type, values);
      if (key === undefined || known.size >= maxConstants) return made;
      if (candidates.delete(key)) {
        known.set(key, made);
        constants.add(made);
      } else {
        if (candidates.size >= maxCandidates) candidates.clear();
        candidates.add(key);
      }
      return made;
    },
    deleteTensor(tensor) {
      if (!constants.has(tensor)) binding.deleteTensor(tensor);
    },
  };
}

function describe(shape: number[], type: number, values: Values): string | undefined {
  if (values.length > maxValues || Array.isArray(values)) return undefined;
  // As text, -0 is 0.
  if (values.some((value) => Object.is(value, -0))) return undefined;
  return `${type} ${shape} ${values}`;
}

/** The binding's functions are properties of a native object, which cannot be replaced one by one. */
function bindAll(binding: Binding): Binding {
  const names = Object.getOwnPropertyNames(binding) as (keyof Binding)[];
  const entries = names.map((name) => {
    const value: unknown = binding[name];
    return [name, typeof value === "function" ? value.bind(binding) : value];
  });
  return Object.fromEntries(entries) as Binding;
}
