import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../errors.js";
import type { Plan } from "./train-options.js";
import type { Turn } from "./turn.js";

/** A step's number, settings, learning rates and terms, by name. */
export type StepRecord = { step: number } & Record<string, number>;

/** A step's losses that are still on the engine: reading them would wait for it. */
export interface Unread {
  known: StepRecord;
  terms: { turn: Turn; tensor: tf.Tensor1D }[];
}

/** The turns' numbers on the engine, uploaded when they change. */
export function createNumbers(turns: readonly Turn[]) {
  const known = new Map<Turn, { list: number[]; tensor: tf.Tensor1D }>();
  return {
    of(turn: Turn, list: number[]): tf.Tensor1D {
      const last = known.get(turn);
      if (last?.list.every((value, index) => value === list[index])) return last.tensor;
      last?.tensor.dispose();
      const tensor = tf.tensor1d(list, "float32");
      known.set(turn, { list, tensor });
      return tensor;
    },
    dispose() {
      for (const turn of turns) known.get(turn)?.tensor.dispose();
      known.clear();
    },
  };
}

/** Terms of all these steps in one read; frees them. */
export async function readRecords(steps: Unread[], { nameOf }: Plan): Promise<StepRecord[]> {
  const tensors = steps.flatMap(({ terms }) => terms.map(({ tensor }) => tensor));
  if (tensors.length === 0) return steps.map(({ known }) => known);
  const joined = tf.concat1d(tensors);
  let values: ArrayLike<number>;
  try {
    values = await joined.data();
  } finally {
    tf.dispose([joined, ...tensors]);
  }
  let place = 0;
  return steps.map(({ known, terms }) => {
    const record = { ...known };
    for (const { turn } of terms) {
      for (const term of turn.termNames) {
        const name = nameOf(turn.name, term);
        if (name in record) {
          const message = `The network "${turn.name}" reports "${name}", which is the name of something else: give it another.`;
          throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
        }
        record[name] = values[place++] as number;
      }
    }
    return record;
  });
}
