import * as tf from "@tensorflow/tfjs-core";
import { fromTorchLayout, shapeHere } from "../autoencoder/kl/layout.js";
import { currentEngine } from "../engine/current.js";
import { WeightsError } from "../errors.js";
import { conv2d } from "../nn/layers.js";
import { addVariable, type Parameters } from "../nn/parameters.js";
import { openSafetensors, type TensorSource } from "../safetensors/index.js";
import type { FeatureNetwork } from "./feature-network.js";

/** torchvision's numbers of VGG16's convolutions (`features.0`, ...): the layers between two poolings in one row. */
const blocks = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
];

/** What LPIPS's `ScalingLayer` makes of pictures in [-1, 1]: ImageNet's mean and standard deviation in that range. */
const shift = [-0.03, -0.088, -0.188];
const scale = [0.458, 0.448, 0.45];

export interface VggFiles {
  /**
   * Safetensors with VGG16's convolutions, named as by torchvision (`features.0.weight`) or lpips
   * (`net.slice1.0.weight`).
   */
  vgg: string;
  /** Safetensors with LPIPS's linear weights (`lin0.model.1.weight`); they may stand in `vgg`, too. */
  lpips?: string;
}

/**
 * VGG16 (Simonyan and Zisserman 2015, arXiv:1409.1556) up to its last convolution, with LPIPS's linear weights where
 * there are some: maps after the ReLU before each of the five poolings (`relu1_2` to `relu5_3`), as LPIPS takes them.
 * Other tensors of the files, such as the classifier's, are left alone; the widths are the file's.
 *
 * @returns the network; pictures are `[batch, height, width, 3]` in [-1, 1], with sides of at least 16 pixels
 * @throws WeightsError `ERR_WEIGHTS_NOT_FOUND`, `ERR_WEIGHTS_MISSING`, `ERR_WEIGHTS_SHAPE`, `ERR_WEIGHTS_NOT_FINITE`
 *   and those of `openSafetensors`; nothing stays on the engine then
 */
export async function loadVgg16({ vgg, lpips }: VggFiles): Promise<FeatureNetwork> {
  currentEngine();
  const parameters: Parameters = {};
  const channelWeights: tf.Tensor1D[] = [];
  const source = await openSafetensors(vgg);
  // Made once, as nothing should be uploaded inside a compiled step.
  const scaling: Scaling = { shift: tf.tensor1d(shift), scale: tf.tensor1d(scale) };
  const dispose = () => {
    tf.dispose([...Object.values(parameters), ...channelWeights, scaling.shift, scaling.scale]);
  };
  try {
    const widths = await loadConvolutions(parameters, source, vgg);
    const linear = lpips === undefined ? undefined : await openSafetensors(lpips);
    try {
      const isThere = linear !== undefined || findLinear(source, 0) !== undefined;
      if (isThere) await loadLinear(channelWeights, linear ?? source, lpips ?? vgg, widths);
    } finally {
      await linear?.close();
    }
    return {
      imageChannels: 3,
      widths,
      parameters,
      ...(channelWeights.length > 0 && { channelWeights }),
      maps: (pictures) => tf.tidy(() => mapsOf(parameters, scaling, pictures)),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  } finally {
    await source.close();
  }
}

/** Both `[3]`. */
interface Scaling {
  shift: tf.Tensor1D;
  scale: tf.Tensor1D;
}

function mapsOf(parameters: Parameters, { shift, scale }: Scaling, pictures: tf.Tensor4D): tf.Tensor4D[] {
  let hidden = tf.div(tf.sub(pictures, shift), scale) as tf.Tensor4D;
  return blocks.map((layers, block) => {
    if (block > 0) hidden = tf.maxPool(hidden, 2, 2, "valid");
    for (const layer of layers) hidden = tf.relu(conv2d(parameters, `features.${layer}`, hidden));
    return hidden;
  });
}

/** @returns channels after each block */
async function loadConvolutions(
  parameters: Parameters,
  source: TensorSource,
  file: string,
): Promise<number[]> {
  const widths: number[] = [];
  let channels = 3;
  for (const [block, layers] of blocks.entries()) {
    for (const layer of layers) {
      const names = [`features.${layer}`, `net.slice${block + 1}.${layer}`];
      const stored = names.find((name) => source.tensors.has(`${name}.weight`));
      if (!stored) {
        const message = `${file} has no "${names[0]}.weight" (torchvision) nor "${names[1]}.weight" (lpips): it is no VGG16.`;
        throw new WeightsError("ERR_WEIGHTS_MISSING", message, { file, tensor: `${names[0]}.weight` });
      }
      const outChannels = source.tensors.get(`${stored}.weight`)?.shape[0] as number;
      const shape = [outChannels, channels, 3, 3];
      const weight = await read(source, file, `${stored}.weight`, shape);
      const bias = await read(source, file, `${stored}.bias`, [outChannels]);
      const layout = { kind: "convolution", shape, centre: 0, spread: 0 } as const;
      addVariable(parameters, `features.${layer}.weight`, fromTorchLayout(layout, weight), shapeHere(layout));
      addVariable(parameters, `features.${layer}.bias`, bias, [outChannels]);
      channels = outChannels;
    }
    widths.push(channels);
  }
  return widths;
}

async function loadLinear(
  weights: tf.Tensor1D[],
  source: TensorSource,
  file: string,
  widths: readonly number[],
): Promise<void> {
  for (const [block, width] of widths.entries()) {
    const name = findLinear(source, block);
    if (!name) {
      const message = `${file} has no "lin${block}.model.1.weight": these are not the linear weights of LPIPS.`;
      throw new WeightsError("ERR_WEIGHTS_MISSING", message, { file, tensor: `lin${block}.model.1.weight` });
    }
    weights.push(tf.tensor1d(await read(source, file, name, [1, width, 1, 1])));
  }
}

function findLinear(source: TensorSource, block: number): string | undefined {
  return [`lin${block}.model.1.weight`, `lins.${block}.model.1.weight`].find((name) =>
    source.tensors.has(name),
  );
}

async function read(
  source: TensorSource,
  file: string,
  tensor: string,
  shape: number[],
): Promise<Float32Array> {
  const stored = source.tensors.get(tensor)?.shape;
  if (stored && stored.join() !== shape.join()) {
    const message = `"${tensor}" of ${file} has the shape [${stored.join(", ")}] where [${shape.join(", ")}] is needed.`;
    throw new WeightsError("ERR_WEIGHTS_SHAPE", message, { file, tensor });
  }
  const values = await source.readFloat32(tensor);
  if (values.every((value) => Number.isFinite(value))) return values;
  const message = `"${tensor}" of ${file} has values that are NaN or infinite. The weights are damaged; get them again.`;
  throw new WeightsError("ERR_WEIGHTS_NOT_FINITE", message, { file, tensor });
}
