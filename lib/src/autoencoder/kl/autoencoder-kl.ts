import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../../engine/current.js";
import { ConfigError, DataError } from "../../errors.js";
import { addVariable, type Parameters } from "../../nn/parameters.js";
import { createRandom } from "../../random.js";
import type { Codec } from "../codec.js";
import type { Posterior } from "../encoder.js";
import { decodeLatent, encodeMoments } from "./coders.js";
import { type AutoencoderKLConfig, parseAutoencoderKLConfig } from "./config.js";
import { toDiffusersConfig } from "./config-json.js";
import { shapeHere } from "./layout.js";
import { listParameters } from "./parameter-shapes.js";

/** Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752), layer by layer as in diffusers. */
export interface AutoencoderKL extends Codec {
  readonly config: Readonly<AutoencoderKLConfig>;
  /** Trainable tensors under diffusers' names. Filters are `[height, width, in, out]`, linear layers `[in, out]`. */
  readonly parameters: Parameters;
  /**
   * Pictures `[batch, height, width, inChannels]` in [-1, 1] to the distribution of their latents,
   * `[batch, height / f, width / f, latentChannels]`, rounded down. Any size of at least `f` x `f`.
   */
  encode(pictures: tf.Tensor4D): Posterior;
  /** What `encode` splits: `[batch, height / f, width / f, 2 * latentChannels]`, the logarithms of variances unclamped. */
  encodeMoments(pictures: tf.Tensor4D): tf.Tensor4D;
  /**
   * Latents, as `encode` returns them, to pictures `[batch, height * f, width * f, outChannels]`; the values are not
   * clamped to [-1, 1].
   */
  decode(latents: tf.Tensor4D): tf.Tensor4D;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * An `AutoencoderKL` (Rombach et al. 2022, arXiv:2112.10752; layers and names of diffusers' class) with random weights,
 * drawn like PyTorch's: `createAutoencoderKL(autoencoderKLConfigs.sd1)`. It takes pictures
 * `[batch, height, width, inChannels]` in [-1, 1].
 *
 * @param config what it does not say is as in diffusers' `AutoencoderKL()`; but its blocks are without attention
 * @throws ConfigError `ERR_MODEL_CONFIG`; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createAutoencoderKL(
  config: Partial<AutoencoderKLConfig> = {},
  { seed = 0 }: { seed?: number } = {},
): AutoencoderKL {
  currentEngine(); // throws before any engine is in use, where TensorFlow.js would silently take its slowest
  const complete = completeAutoencoderKLConfig(config);
  const random = createRandom(seed);
  const parameters: Parameters = {};
  for (const [name, parameter] of listParameters(complete)) {
    const { shape, centre, spread } = parameter;
    const size = shape.reduce((product, length) => product * length, 1);
    const values = new Float32Array(size).fill(centre);
    if (spread > 0)
      for (let index = 0; index < size; index++) values[index] = random.uniform(-spread, spread);
    addVariable(parameters, name, values, shapeHere(parameter));
  }
  return buildAutoencoderKL(complete, parameters);
}

/**
 * Fills in the defaults and checks them by the same rules as diffusers' file.
 *
 * @param config what it does not say is as in diffusers' `AutoencoderKL()`; but its blocks are without attention
 * @throws ConfigError `ERR_MODEL_CONFIG` where a number is out of range, or the lists do not fit each other
 */
export function completeAutoencoderKLConfig(config: Partial<AutoencoderKLConfig>): AutoencoderKLConfig {
  const resolutions = config.blockOutChannels?.length ?? 1;
  const plain = parseAutoencoderKLConfig({});
  const noAttention = Array<boolean>(resolutions).fill(false);
  const merged = { ...plain, downAttention: noAttention, upAttention: noAttention, ...config };
  for (const name of ["downAttention", "upAttention"] as const) {
    const { length } = merged[name];
    if (length === resolutions) continue;
    const message = `${name} has ${length} entries, blockOutChannels ${resolutions}. Give true or false for each of its resolutions.`;
    throw new ConfigError("ERR_MODEL_CONFIG", message);
  }
  return parseAutoencoderKLConfig(toDiffusersConfig(merged), "The config");
}

/**
 * The model round parameters that are there already; it owns them from now on.
 *
 * @param config complete, as from `completeAutoencoderKLConfig`
 * @param parameters under diffusers' names, of the shapes of `listParameters`, in the layout of `shapeHere`
 * @returns a model whose `encode`, `encodeMoments` and `decode` throw DataError `ERR_SHAPE_MISMATCH` for pictures or
 *   latents of other channels, or that are too small
 */
export function buildAutoencoderKL(config: AutoencoderKLConfig, parameters: Parameters): AutoencoderKL {
  const context = { parameters, groups: config.normNumGroups };
  const downsampling = 2 ** (config.blockOutChannels.length - 1);
  const momentsOf = (pictures: tf.Tensor4D) => {
    requireShape("pictures", pictures.shape, config.inChannels, downsampling);
    return encodeMoments(context, config, pictures);
  };
  return {
    config,
    imageChannels: config.inChannels,
    latentChannels: config.latentChannels,
    downsampling,
    parameters,
    encodeMoments: momentsOf,
    encode: (pictures) =>
      tf.tidy(() => {
        const [mean, logvar] = tf.split(momentsOf(pictures), 2, 3) as [tf.Tensor4D, tf.Tensor4D];
        return { mean, logvar: tf.clipByValue(logvar, -30, 20) };
      }),
    decode(latents) {
      requireShape("latents", latents.shape, config.latentChannels, 1);
      return decodeLatent(context, config, latents);
    },
    dispose: () => tf.dispose(Object.values(parameters)),
  };
}

function requireShape(what: string, shape: readonly number[], channels: number, minimum: number): void {
  const [, height = 0, width = 0, given] = shape;
  if (shape.length === 4 && given === channels && height >= minimum && width >= minimum) return;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `The model takes ${what} [batch, height, width, ${channels}] of at least ${minimum} x ${minimum}, these are [${shape.join(", ")}].`,
  );
}
