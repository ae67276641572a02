import { ConfigError } from "../errors.js";
import type { Parameters } from "../nn/parameters.js";
import { createAverage, type WeightAverage } from "./average.js";
import { readWeights, type Weights, writeWeights } from "./checkpoint.js";
import type { Turn } from "./turn.js";

/** Exchanges the networks' weights with their averages, does the work, and exchanges them back. */
export async function withSwapped<Result>(
  name: string,
  averages: readonly WeightAverage[],
  work: () => Result | Promise<Result>,
): Promise<Result> {
  if (averages.length === 0) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `No network of this training has an average "${name}".`);
  }
  for (const average of averages) average.swap();
  try {
    return await work();
  } finally {
    for (const average of averages) average.swap();
  }
}

/**
 * Takes the averages off the engine at the end of a training, and puts one back when it is asked for.
 *
 * @returns makes the averages of a name, to be disposed of
 */
export async function averagesAfterEnd(turns: readonly Turn[]): Promise<(name: string) => WeightAverage[]> {
  const taken: { name: string; model: Parameters; weights: Weights }[] = [];
  for (const { network, averages } of turns) {
    for (const [name, { parameters }] of Object.entries(averages)) {
      taken.push({ name, model: network.parameters, weights: await readWeights(parameters) });
    }
  }
  return (wanted) =>
    taken
      .filter(({ name }) => name === wanted)
      .map(({ model, weights }) => {
        const average = createAverage(model, { decay: 0 });
        writeWeights(average.parameters, weights);
        return average;
      });
}
