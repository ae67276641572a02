import type * as tf from "@tensorflow/tfjs-core";
import { addAttentionBlock, attentionBlock } from "../nn/attention.js";
import type { Parameters } from "../nn/parameters.js";
import { addResidualBlock, residualBlock } from "../nn/residual-block.js";
import type { Random } from "../random.js";
import type { AutoencoderConfig } from "./config.js";

/** A model's parameters and what decides how its blocks are built. */
export interface Blocks {
  parameters: Parameters;
  config: AutoencoderConfig;
}

/** The same where parameters are drawn. */
export interface Drawing extends Blocks {
  random: Random;
}

/** Draws the residual blocks of one resolution, `<name>.resnets.0` and on, and what attention belongs to them. */
export function drawLevel(
  { parameters, random, config }: Drawing,
  name: string,
  size: number,
  inChannels: number,
  outChannels: number,
): void {
  for (let index = 0; index < config.blocksPerLevel; index++) {
    const channels = index === 0 ? inChannels : outChannels;
    addResidualBlock(parameters, random, `${name}.resnets.${index}`, channels, outChannels, config);
    if (!config.attentionSizes.includes(size)) continue;
    addAttentionBlock(parameters, random, `${name}.attentions.${index}`, outChannels, config);
  }
}

/** Runs them; `x` `[batch, size, size, inChannels]`. */
export function runLevel({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { norm, blocksPerLevel } = config;
  let hidden = x;
  for (let index = 0; index < blocksPerLevel; index++) {
    hidden = residualBlock(parameters, `${name}.resnets.${index}`, hidden, { norm });
    const attention = `${name}.attentions.${index}`;
    if (`${attention}.to_q.weight` in parameters)
      hidden = attentionBlock(parameters, attention, hidden, { norm });
  }
  return hidden;
}

/** Draws the blocks at the latents' resolution. */
export function drawMiddle({ parameters, random, config }: Drawing, name: string, channels: number): void {
  if (config.middle === "none") return;
  addResidualBlock(parameters, random, `${name}.resnets.0`, channels, channels, config);
  if (config.middle === "attention")
    addAttentionBlock(parameters, random, `${name}.attentions.0`, channels, config);
  addResidualBlock(parameters, random, `${name}.resnets.1`, channels, channels, config);
}

export function runMiddle({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { middle, norm } = config;
  if (middle === "none") return x;
  const first = residualBlock(parameters, `${name}.resnets.0`, x, { norm });
  const mixed =
    middle === "attention" ? attentionBlock(parameters, `${name}.attentions.0`, first, { norm }) : first;
  return residualBlock(parameters, `${name}.resnets.1`, mixed, { norm });
}
