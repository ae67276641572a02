import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import type { Random } from "../random.js";
import { requireAttention, shapeError } from "./check.js";
import { dense } from "./dense.js";
import { addNormalisation, type NormalisationOptions, normalise } from "./normalise.js";
import { addDense, type Parameters } from "./parameters.js";

/**
 * Scaled dot-product attention with several heads (Vaswani et al. 2017, arXiv:1706.03762, section 3.2):
 * `softmax(query key^T / sqrt(size)) value` for each head by itself, `size` being the channels of one head.
 *
 * @param query `[batch, positions, channels]`; the heads' channels lie one after the other
 * @param key `[batch, keyPositions, channels]`
 * @param value `[batch, keyPositions, channels]`
 * @param heads divides the channels
 * @returns the shape of `query`
 * @throws DataError `ERR_SHAPE_MISMATCH` for shapes that do not fit each other, or heads that do not divide the channels;
 *   `ERR_DTYPE_MISMATCH` for another type than float32
 */
export function multiHeadAttention(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  heads: number,
): tf.Tensor3D {
  requireAttention("multiHeadAttention", [query, key, value], ["batch", "positions", "channels"]);
  const channels = query.shape[2];
  if (!Number.isInteger(heads) || heads < 1 || channels % heads !== 0) {
    throw shapeError("multiHeadAttention", `${channels} channels cannot be cut into ${heads} heads.`);
  }
  return tf.tidy(() => {
    const headed = [query, key, value].map((x) => splitHeads(x, heads)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const attended = currentEngine().layers.attention(...headed);
    return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), query.shape);
  });
}

/** `[batch, positions, channels]` to `[batch, heads, positions, channels / heads]`. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [batch, positions, channels] = x.shape;
  return tf.transpose(tf.reshape(x, [batch, positions, heads, channels / heads]), [0, 2, 1, 3]);
}

/**
 * Adds the parameters of `attentionBlock`.
 *
 * @param options.norm what its normalisation is
 */
export function addAttentionBlock(
  parameters: Parameters,
  random: Random,
  name: string,
  channels: number,
  { norm = "group" }: Pick<NormalisationOptions, "norm"> = {},
): void {
  addNormalisation(parameters, norm, `${name}.group_norm`, channels);
  for (const projection of ["to_q", "to_k", "to_v", "to_out.0"]) {
    addDense(parameters, random, `${name}.${projection}`, channels, channels);
  }
}

/**
 * Self-attention over the positions of a picture, as in the middle of SD's autoencoder (diffusers' `Attention` with
 * `residual_connection` and one head): `x + to_out(attention(to_q(h), to_k(h), to_v(h)))` with `h = norm(x)`.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.group_norm`, `<name>.to_q`, `<name>.to_k`, `<name>.to_v` and
 *   `<name>.to_out.0`, each `.weight` and `.bias`; the four linear ones `[channels, channels]` and `[channels]`
 * @returns the shape of `x`
 * @throws Error where the layers have no parameters of their names; DataError as `groupNorm`, `dense` and
 *   `multiHeadAttention` throw it
 */
export function attentionBlock(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  { heads = 1, ...options }: NormalisationOptions & { heads?: number } = {},
): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const normalised = normalise(parameters, `${name}.group_norm`, x, options);
    const rows = tf.reshape(normalised, [batch, height * width, channels]) as tf.Tensor3D;
    const project = (projection: string, input: tf.Tensor3D) =>
      dense(parameters, `${name}.${projection}`, input);
    const attended = multiHeadAttention(
      project("to_q", rows),
      project("to_k", rows),
      project("to_v", rows),
      heads,
    );
    return tf.add(x, tf.reshape(project("to_out.0", attended), x.shape));
  });
}
