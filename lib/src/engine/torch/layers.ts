import * as tf from "@tensorflow/tfjs-core";
import { requireAttention } from "../../nn/check.js";
import type { EngineLayers } from "../engine.js";
import { composedLayers } from "../plain/layers.js";
import { channelsLast, type Handle } from "./addon.js";
import { attempt, type TorchBackend } from "./backend.js";
import { avoidsChance } from "./determinism.js";
import { backend } from "./gradients.js";
import { inScope, operator } from "./operators.js";
import { runtime } from "./runtime.js";
import { contiguous } from "./types.js";

const permute = operator("aten::permute");
const reorder = operator("aten::contiguous");
const groupNorm = operator("latentlab::group_norm");
const layerNorm = operator("aten::layer_norm");
const silu = operator("aten::silu");
const attention = operator("aten::scaled_dot_product_attention");

/**
 * On the CPU torch's normalisation takes the variance of channels-last pictures as E[x^2] - E[x]^2, which loses all
 * digits where the mean is large against the spread, and is slower than the detour by the other order. Where there is
 * nothing to differentiate, the addon has one of its own, which needs no detour.
 */
const inOrder = (x: Handle, order: number) =>
  runtime.device === "cpu" && runtime.recording ? reorder(x, order) : x;

/** TensorFlow.js's tape knows nothing of fused layers, and needs what they are made of. */
const isTapeOn = () => tf.engine().state.gradientDepth > 0;

/** Runs operators on tensors of the first one's shape, to a tensor of the same shape. */
function layer<Shape extends tf.Tensor>(
  name: string,
  inputs: Record<string, tf.Tensor>,
  run: (torch: TorchBackend) => Handle,
): Shape {
  const torch = backend();
  const { shape } = Object.values(inputs)[0] as tf.Tensor;
  return attempt(name, inputs, () => inScope(() => torch.tensor(torch.output(run(torch), shape, "float32"))));
}

/** In one piece each, under torch's autograd. */
export const layers: EngineLayers = {
  groupNorm(x, gain, offset, options) {
    if (isTapeOn()) return composedLayers.groupNorm(x, gain, offset, options);
    const { groups, epsilon, activation } = options;
    return layer("groupNorm", { x, gain, offset }, (torch) => {
      const channelsFirst = inOrder(permute(torch.handle(x), [0, 3, 1, 2]), contiguous);
      const parameters = [torch.handle(gain), torch.handle(offset)] as const;
      const normalised = groupNorm(channelsFirst, groups, ...parameters, epsilon, activation === "silu");
      return permute(inOrder(normalised, channelsLast), [0, 2, 3, 1]);
    });
  },

  normaliseRows(x, epsilon) {
    if (isTapeOn()) return composedLayers.normaliseRows(x, epsilon);
    const size = x.shape[x.rank - 1] as number;
    return layer("normaliseRows", { x }, (torch) => layerNorm(torch.handle(x), [size], null, null, epsilon));
  },

  silu(x) {
    if (isTapeOn()) return composedLayers.silu(x);
    return layer("silu", { x }, (torch) => silu(torch.handle(x)));
  },

  attention(query, key, value) {
    // The kernels of fused attention have no second derivative, and on a GPU add up the first one in any order.
    const isComposed = isTapeOn() || runtime.recordingTwice || (runtime.recording && avoidsChance());
    if (isComposed) return composedLayers.attention(query, key, value);
    requireAttention("attention", [query, key, value], ["batch", "heads", "positions", "size"]);
    return layer("attention", { query, key, value }, (torch) =>
      attention(torch.handle(query), torch.handle(key), torch.handle(value)),
    );
  },
};
