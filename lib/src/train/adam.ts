import type * as tf from "@tensorflow/tfjs-core";
import { withoutAliases } from "../engine/aliases.js";
import { currentEngine, engineChanges, noteReplacedState } from "../engine/current.js";
import type { AdamOptions, AdamSnapshot, EngineAdam } from "../engine/engine.js";
import { DataError } from "../errors.js";
import type { Parameters } from "../nn/parameters.js";
import { requireNumber } from "../options.js";

export interface Adam {
  /**
   * One update. A parameter without a gradient stays as it is.
   *
   * @param gradients by the parameters' names, as `engine.valueAndGradients` returns them
   */
  update(gradients: Record<string, tf.Tensor>): void;
  /** Can be set at any time, also while a compiled step makes the updates. */
  learningRate: number;
  /** The state on the host: what a training needs, besides the parameters, to go on where it was. */
  snapshot(): AdamSnapshot;
  /**
   * Goes back to that state.
   *
   * @throws DataError `ERR_SHAPE_MISMATCH` for the state of other parameters
   */
  restore(snapshot: AdamSnapshot): void;
  /** Frees the running means; the parameters stay. */
  dispose(): void;
}

/**
 * Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1), and AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101)
 * where `weightDecay` is above 0. The formula is PyTorch's: `epsilon` is added after the square root of the corrected
 * mean square.
 *
 * The state lives on the engine in use and moves without loss when another one has come into use.
 *
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createAdam(
  parameters: Parameters,
  options: Pick<AdamOptions, "learningRate"> & Partial<AdamOptions>,
): Adam {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const complete: AdamOptions = { learningRate, beta1, beta2, epsilon, weightDecay };
  requireNumber("learningRate", learningRate, 0);
  requireNumber("epsilon", epsilon, 0);
  requireNumber("weightDecay", weightDecay, 0);
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    requireNumber(name, beta, 0);
    requireNumber(`1 - ${name}`, 1 - beta, 0, true);
  }
  const own = withoutAliases(parameters);
  let madeAt = engineChanges();
  let state = currentEngine().createAdam(own, { ...complete });

  const restart = (snapshot: AdamSnapshot) => {
    state.dispose();
    state = currentEngine().createAdam(own, { ...complete }, snapshot);
    madeAt = engineChanges();
    noteReplacedState();
  };
  const here = (): EngineAdam => {
    if (madeAt !== engineChanges()) restart(state.snapshot());
    return state;
  };

  return {
    update: (gradients) => here().update(gradients),
    get learningRate() {
      return complete.learningRate;
    },
    set learningRate(next) {
      requireNumber("learningRate", next, 0);
      complete.learningRate = next;
      here().setLearningRate(next);
    },
    snapshot: () => state.snapshot(),
    restore(snapshot) {
      requireMatch(snapshot, own);
      restart(snapshot);
    },
    dispose: () => state.dispose(),
  };
}

function requireMatch(snapshot: AdamSnapshot, parameters: Parameters): void {
  for (const [name, { size, shape }] of Object.entries(parameters)) {
    if (snapshot.mean[name]?.length === size && snapshot.meanSquare[name]?.length === size) continue;
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The optimiser's snapshot has no state for "${name}" [${shape.join(", ")}]: it is one of another model.`,
    );
  }
}
