import * as tf from "@tensorflow/tfjs-core";
import type { AutoencoderKLConfig } from "./config.js";

/**
 * Latents as the encoder returns them to what the model's diffusion model works on, by the config's numbers:
 * `(z - shiftFactor) * scalingFactor`, or channel by channel `(z - mean) * scalingFactor / std` where there are
 * `latentsMean` and `latentsStd`. Source: diffusers' pipelines for SD, SDXL, SD3 and FLUX.
 *
 * @param latents `[..., latentChannels]`
 * @returns the shape of `latents`
 */
export function scaleLatents<Shape extends tf.Tensor>(config: AutoencoderKLConfig, latents: Shape): Shape {
  return tf.tidy(() => {
    const { centre, scale } = affineOf(config);
    return tf.mul(tf.sub(latents, centre), scale);
  }) as Shape;
}

/**
 * The way back, before decoding: `z / scalingFactor + shiftFactor`, or channel by channel
 * `z std / scalingFactor + mean`. Source: as for `scaleLatents`.
 *
 * @param scaled `[..., latentChannels]`
 * @returns the shape of `scaled`: latents as `decode` takes them
 */
export function unscaleLatents<Shape extends tf.Tensor>(config: AutoencoderKLConfig, scaled: Shape): Shape {
  return tf.tidy(() => {
    const { centre, scale } = affineOf(config);
    return tf.add(tf.div(scaled, scale), centre);
  }) as Shape;
}

function affineOf({ scalingFactor, shiftFactor = 0, latentsMean, latentsStd }: AutoencoderKLConfig) {
  if (latentsMean && latentsStd) {
    return { centre: perChannel(latentsMean), scale: tf.div(scalingFactor, perChannel(latentsStd)) };
  }
  return { centre: tf.scalar(shiftFactor), scale: tf.scalar(scalingFactor) };
}

/** `[channels]`, of single numbers, which need no upload: that has to stay out of compiled steps. */
function perChannel(values: readonly number[]): tf.Tensor1D {
  return tf.stack(values.map((value) => tf.scalar(value))) as tf.Tensor1D;
}
