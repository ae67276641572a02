import type * as tf from "@tensorflow/tfjs-core";
import { withoutAliases } from "../engine/aliases.js";
import { currentEngine, engineChanges, noteReplacedState } from "../engine/current.js";
import type { AdamOptions, AdamSnapshot, EngineAdam } from "../engine/engine.js";
import { DataError } from "../errors.js";
import { isSameShape, shapeText } from "../nn/check.js";
import type { Parameters } from "../nn/parameters.js";
import { requireNumber } from "../options.js";

export interface Adam {
  /**
   * One update. A parameter without a gradient stays as it is.
   *
   * @param gradients by the parameters' names, as `engine.valueAndGradients` returns them
   * @throws DataError `ERR_SHAPE_MISMATCH` for one that has not its parameter's shape, or belongs to none of the parameters;
   *   `ERR_DTYPE_MISMATCH` for one of another type
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

/** Parameters that are trained in another way than the others. */
export interface ParameterGroup {
  /** Whether a parameter belongs to it; the first group that says so has it. */
  matches(name: string, variable: tf.Variable): boolean;
  weightDecay?: number;
  /** Factor on the learning rate; 0 leaves the parameters as they are. */
  learningRateScale?: number;
}

/** The usual exception: offsets and gains, which are vectors, are not made smaller. */
export const noDecayForVectors: ParameterGroup = {
  matches: (_name, variable) => variable.rank < 2,
  weightDecay: 0,
};

export interface OptimizerOptions extends Partial<AdamOptions> {
  learningRate: number;
  groups?: readonly ParameterGroup[];
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
export function createAdam(parameters: Parameters, { groups = [], ...options }: OptimizerOptions): Adam {
  if (groups.length > 0) return joinAdams(parameters, groups, options);
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
    update(gradients) {
      requireFit(gradients, own);
      here().update(gradients);
    },
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

/** One optimiser a group, and one for the rest, behind the face of one. */
function joinAdams(
  parameters: Parameters,
  groups: readonly ParameterGroup[],
  options: Omit<OptimizerOptions, "groups">,
): Adam {
  let { learningRate } = options;
  const all = withoutAliases(parameters);
  const members: Parameters[] = [...groups, undefined].map(() => ({}));
  for (const [name, variable] of Object.entries(all)) {
    const group = groups.findIndex(({ matches }) => matches(name, variable));
    (members.at(group) as Parameters)[name] = variable; // -1, the last, is the rest
  }
  const adams = members.flatMap((own, index) => {
    const { weightDecay = options.weightDecay, learningRateScale: scale = 1 } = groups[index] ?? {};
    if (Object.keys(own).length === 0) return [];
    requireNumber("learningRateScale", scale, 0);
    const decay = weightDecay === undefined ? {} : { weightDecay };
    return [
      { own, scale, adam: createAdam(own, { ...options, ...decay, learningRate: learningRate * scale }) },
    ];
  });
  return {
    update: (gradients) => {
      requireFit(gradients, all);
      for (const { adam, own } of adams) adam.update(pick(gradients, own));
    },
    get learningRate() {
      return learningRate;
    },
    set learningRate(next) {
      for (const { adam, scale } of adams) adam.learningRate = next * scale;
      learningRate = next;
    },
    snapshot() {
      const parts = adams.map(({ adam }) => adam.snapshot());
      return {
        step: parts[0]?.step ?? 0,
        mean: Object.assign({}, ...parts.map(({ mean }) => mean)),
        meanSquare: Object.assign({}, ...parts.map(({ meanSquare }) => meanSquare)),
      };
    },
    restore(snapshot) {
      requireMatch(snapshot, all);
      for (const { adam } of adams) adam.restore(snapshot);
    },
    dispose() {
      for (const { adam } of adams) adam.dispose();
    },
  };
}

/** The gradients of these parameters alone. */
function pick(gradients: Record<string, tf.Tensor>, parameters: Parameters): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(gradients).filter(([name]) => name in parameters));
}

/**
 * Engines would spread a gradient of one number over the parameter, or take one of other shape by its count alone; and
 * leave a parameter as it is whose gradient comes under another name.
 */
function requireFit(gradients: Record<string, tf.Tensor>, parameters: Parameters): void {
  for (const [name, { shape, dtype }] of Object.entries(gradients)) {
    const parameter = parameters[name];
    if (!parameter) {
      throw new DataError(
        "ERR_SHAPE_MISMATCH",
        `There is a gradient of "${name}" ${shapeText(shape)}, and the optimiser has no parameter of that name. Give it the gradients of its own parameters alone; tied weights have theirs under the first name.`,
      );
    }
    if (dtype !== parameter.dtype) {
      throw new DataError(
        "ERR_DTYPE_MISMATCH",
        `The gradient of "${name}" is ${dtype}, and the parameter ${parameter.dtype}.`,
      );
    }
    if (isSameShape(shape, parameter.shape)) continue;
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The gradient of "${name}" has the shape ${shapeText(shape)}, and the parameter ${shapeText(parameter.shape)}.`,
    );
  }
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
