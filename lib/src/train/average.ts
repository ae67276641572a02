import * as tf from "@tensorflow/tfjs-core";
import { withoutAliases } from "../engine/aliases.js";
import { ConfigError, DataError } from "../errors.js";
import type { Parameters } from "../nn/parameters.js";
import { requireNumber } from "../options.js";

/** A running average that forgets at a constant rate. */
export interface DecayProfile {
  /** Share of the average that stays in an update, in [0, 1). */
  decay: number;
  /** Forgets faster at first, `min(decay, (1 + t) / (10 + t))` at update t, as latent diffusion does. */
  warmUp?: boolean;
}

/**
 * A running average over a constant share of the training, however long it lasts: the power function of Karras et al.
 * 2023 (arXiv:2312.02696, section 3.1).
 */
export interface PowerProfile {
  /** Standard deviation of the average's weights over the time, as a share of the time; the paper's are 0.05 and 0.10. */
  relativeStd: number;
}

export type AverageProfile = (DecayProfile | PowerProfile) & {
  /**
   * Where the average is kept, by the names of the parameters. For a second model of the same kind that a loss uses, the
   * target of consistency distillation for example; it stays the caller's.
   */
  into?: Parameters;
};

/** Averaged weights beside a model's own ("EMA"). */
export interface WeightAverage {
  /** By the parameters' names. */
  readonly parameters: Parameters;
  /** Share of the current weights that update `t`, counted from 1, mixes in. */
  share(t: number): number;
  /** Mixes the current weights in. @param share a number, or a scalar where a compiled step should not fix it */
  update(share: number | tf.Scalar): void;
  /** Exchanges the model's weights with the average, bit for bit; a second call undoes it. */
  swap(): void;
  dispose(): void;
}

/**
 * A running average of a model's weights, which starts as these are now. Exponential, as latent diffusion
 * has it (`DecayProfile`), or by the power function of Karras et al. 2023 (arXiv:2312.02696, section 3.1; `PowerProfile`).
 *
 * @throws ConfigError for a profile out of range, DataError `ERR_SHAPE_MISMATCH` where `into` belongs to another model
 */
export function createAverage(model: Parameters, profile: AverageProfile): WeightAverage {
  requireProfile(profile);
  const own = withoutAliases(model);
  const { into } = profile;
  if (into) requireSameShapes(own, into);
  const parameters: Parameters = {};
  for (const [name, variable] of Object.entries(own)) {
    const given = into?.[name];
    if (given) tf.tidy(() => given.assign(copy(variable)));
    parameters[name] = given ?? tf.tidy(() => tf.variable(copy(variable), false));
  }
  const pairs = Object.entries(own).map(([name, variable]) => [variable, parameters[name]] as const);
  return {
    parameters,
    share: (t) => 1 - averageDecay(profile, t),
    update(share) {
      tf.tidy(() => {
        for (const [variable, average] of pairs as [tf.Variable, tf.Variable][]) {
          average.assign(tf.add(average, tf.mul(tf.sub(variable, average), share)));
        }
      });
    },
    swap() {
      tf.tidy(() => {
        for (const [variable, average] of pairs as [tf.Variable, tf.Variable][]) {
          const before = copy(variable);
          variable.assign(copy(average));
          average.assign(before);
        }
      });
    },
    dispose() {
      if (!into) tf.dispose(parameters);
    },
  };
}

/**
 * Share of the average that stays at update `t`, counted from 1. For the power function `(1 - 1 / t)^(gamma + 1)` (Karras et
 * al. 2023, arXiv:2312.02696, equation 2): the first update replaces the average by the weights.
 */
export function averageDecay(profile: AverageProfile, t: number): number {
  if ("relativeStd" in profile) return (1 - 1 / t) ** (powerExponent(profile.relativeStd) + 1);
  const { decay, warmUp = false } = profile;
  return warmUp ? Math.min(decay, (1 + t) / (10 + t)) : decay;
}

/**
 * The exponent gamma of the power function whose relative standard deviation is given: the inverse of
 * `sqrt((gamma + 1) / ((gamma + 2)^2 (gamma + 3)))` (Karras et al. 2023, arXiv:2312.02696, equations 123 and 126), which
 * falls with gamma.
 *
 * @param relativeStd in (0, 0.28); 0.05 gives 16.97, 0.10 gives 6.94
 */
export function powerExponent(relativeStd: number): number {
  const stdOf = (gamma: number) => Math.sqrt((gamma + 1) / ((gamma + 2) ** 2 * (gamma + 3)));
  let [low, high] = [0, 1 / relativeStd];
  for (let halving = 0; halving < 100; halving++) {
    const middle = (low + high) / 2;
    if (stdOf(middle) > relativeStd) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The standard deviation of the power function with gamma 0, the widest there is: sqrt(1 / 12). */
const largestRelativeStd = Math.sqrt(1 / 12);

export function requireProfile(profile: AverageProfile): void {
  const [name, value, limit] =
    "relativeStd" in profile
      ? (["relativeStd", profile.relativeStd, largestRelativeStd] as const)
      : (["decay", profile.decay, 1] as const);
  requireNumber(name, value, 0, name === "relativeStd");
  if (value < limit) return;
  throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `${name} has to be below ${limit}, not ${value}.`);
}

/** The same numbers in memory of their own: engines that work in place have to see two tensors. */
function copy(tensor: tf.Tensor): tf.Tensor {
  return tf.mul(tensor, 1);
}

function requireSameShapes(model: Parameters, into: Parameters): void {
  for (const [name, { shape }] of Object.entries(model)) {
    if (into[name]?.shape.join() === shape.join()) continue;
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The average's model has no parameter "${name}" [${shape.join(", ")}]: make it with the same configuration.`,
    );
  }
}
