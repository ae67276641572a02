import * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { activate } from "./activation.js";
import { type Convolution, convolve, convolveTransposed, filterGradient, plan2D } from "./convolution.js";
import { defineKernel } from "./kernel.js";
import { windowsOf } from "./windows.js";

defineKernel<tf.Conv2DInputs, tf.Conv2DAttrs>(tf.Conv2D, ({ x, filter }, attributes, torch) => {
  const plan = plan2D(x.shape, filter.shape, attributes);
  const y = convolve(torch.handle(x), torch.handle(filter), null, plan);
  return torch.output(y, plan.windows.outShape, "float32");
});

defineKernel<tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs>(
  tf.Conv2DBackpropInput,
  ({ dy, filter }, attributes, torch) => {
    const plan = plan2D(attributes.inputShape, filter.shape, attributes);
    const dx = convolveTransposed(torch.handle(dy), torch.handle(filter), plan);
    return torch.output(dx, attributes.inputShape, "float32");
  },
);

defineKernel<tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs>(
  tf.Conv2DBackpropFilter,
  ({ x, dy }, attributes, torch) => {
    const plan = plan2D(x.shape, attributes.filterShape, attributes);
    const gradient = filterGradient(torch.handle(x), torch.handle(dy), plan);
    return torch.output(gradient, attributes.filterShape, "float32");
  },
);

defineKernel<tf.DepthwiseConv2dNativeInputs, tf.DepthwiseConv2dNativeAttrs>(
  tf.DepthwiseConv2dNative,
  ({ x, filter }, attributes, torch) => {
    const plan = plan2D(x.shape, filter.shape, attributes, true);
    const y = convolve(torch.handle(x), torch.handle(filter), null, plan);
    return torch.output(y, plan.windows.outShape, "float32");
  },
);

defineKernel<tf.DepthwiseConv2dNativeBackpropInputInputs, tf.DepthwiseConv2dNativeBackpropInputAttrs>(
  tf.DepthwiseConv2dNativeBackpropInput,
  ({ dy, filter }, attributes, torch) => {
    const plan = plan2D(attributes.inputShape, filter.shape, attributes, true);
    const dx = convolveTransposed(torch.handle(dy), torch.handle(filter), plan);
    return torch.output(dx, attributes.inputShape, "float32");
  },
);

defineKernel<tf.DepthwiseConv2dNativeBackpropFilterInputs, tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
  tf.DepthwiseConv2dNativeBackpropFilter,
  ({ x, dy }, attributes, torch) => {
    const plan = plan2D(x.shape, attributes.filterShape, attributes, true);
    const gradient = filterGradient(torch.handle(x), torch.handle(dy), plan);
    return torch.output(gradient, attributes.filterShape, "float32");
  },
);

type Shape5D = [number, number, number, number, number];

function plan3D(inShape: number[], filterShape: number[], attributes: Partial<tf.Conv3DAttrs>): Convolution {
  const { strides = 1, pad = "valid", dilations = 1 } = attributes;
  const info = tf.backend_util.computeConv3DInfo(
    inShape as Shape5D,
    filterShape as Shape5D,
    strides,
    dilations,
    pad,
  );
  return { windows: windowsOf(info), depthwise: false };
}

defineKernel<tf.Conv3DInputs, tf.Conv3DAttrs>(tf.Conv3D, ({ x, filter }, attributes, torch) => {
  const plan = plan3D(x.shape, filter.shape, attributes);
  const y = convolve(torch.handle(x), torch.handle(filter), null, plan);
  return torch.output(y, plan.windows.outShape, "float32");
});

defineKernel<tf.Conv3DBackpropInputV2Inputs, tf.Conv3DBackpropInputV2Attrs>(
  tf.Conv3DBackpropInputV2,
  ({ dy, filter }, { inputShape, strides, pad }, torch) => {
    const plan = plan3D(inputShape, filter.shape, { strides, pad });
    const dx = convolveTransposed(torch.handle(dy), torch.handle(filter), plan);
    return torch.output(dx, inputShape, "float32");
  },
);

defineKernel<tf.Conv3DBackpropFilterV2Inputs, tf.Conv3DBackpropFilterV2Attrs>(
  tf.Conv3DBackpropFilterV2,
  ({ x, dy }, { filterShape, strides, pad }, torch) => {
    const plan = plan3D(x.shape, filterShape, { strides, pad });
    return torch.output(filterGradient(torch.handle(x), torch.handle(dy), plan), filterShape, "float32");
  },
);

const add = operator("aten::add.Tensor");
const reshape = operator("aten::reshape");

/** Convolution, bias and activation; the bias goes into torch's convolution where it has the usual form. */
function runFused(
  torch: TorchBackend,
  inputs: tf.FusedConv2DInputs,
  attributes: tf.FusedConv2DAttrs,
  depthwise: boolean,
): tf.TensorInfo {
  const { x, filter, bias, preluActivationWeights } = inputs;
  const plan = plan2D(x.shape, filter.shape, attributes, depthwise);
  const { outChannels, outShape, dataFormat } = plan.windows;
  const isChannelwise = bias?.shape.length === 1 && bias.shape[0] === outChannels;
  const fusedBias = bias && isChannelwise ? torch.handle(bias) : null;
  const y = convolve(torch.handle(x), torch.handle(filter), fusedBias, plan);
  const biased = bias && !isChannelwise ? add(y, torch.handle(bias)) : y;
  const slopes = preluActivationWeights && slopesOf(torch, preluActivationWeights, dataFormat);
  return torch.output(activate(biased, attributes, slopes), outShape, "float32");
}

/** One slope a channel is a vector; in `[batch, channels, height, width]` it has to stand along the second axis. */
function slopesOf(
  torch: TorchBackend,
  slopes: tf.TensorInfo,
  dataFormat: "channelsFirst" | "channelsLast",
): Handle {
  const handle = torch.handle(slopes);
  if (dataFormat === "channelsLast" || slopes.shape.length !== 1) return handle;
  return reshape(handle, [slopes.shape[0] as number, 1, 1]);
}

defineKernel<tf.FusedConv2DInputs, tf.FusedConv2DAttrs>(tf.FusedConv2D, (inputs, attributes, torch) =>
  runFused(torch, inputs as unknown as tf.FusedConv2DInputs, attributes, false),
);

defineKernel<tf.FusedDepthwiseConv2DInputs, tf.FusedDepthwiseConv2DAttrs>(
  tf.FusedDepthwiseConv2D,
  (inputs, attributes, torch) => runFused(torch, inputs as unknown as tf.FusedConv2DInputs, attributes, true),
);
