import * as tf from "@tensorflow/tfjs-core";
import { type Helper, maxJobBytes, type Operand } from "./helper.js";
import { type KernelCall, valuesOf } from "./kernel.js";

/** Multiplications below which copying to another thread and back takes longer than what it saves. */
const minProducts = 10_000_000;

/**
 * A convolution of which this thread computes the first pictures and helpers the others; nothing where that does not
 * pay. A picture's numbers do not depend on who computes it, nor on its neighbours in the batch.
 */
export function splitBatch(
  kernelName: string,
  { inputs: allInputs, attributes, backend, original }: KernelCall,
  helpers: readonly Helper[],
): tf.TensorInfo | undefined {
  // A fused convolution's optional operands are there, but undefined.
  const inputs = Object.fromEntries(Object.entries(allInputs).filter(([, tensor]) => tensor));
  const { x, filter, ...others } = inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
  const available = helpers.filter((helper) => !helper.isLost);
  const [batch, ...pictureShape] = x.shape;
  const count = Math.min(available.length + 1, batch);
  const isPlain = Object.values(inputs).every(({ dtype }) => dtype === "float32");
  if (count < 2 || !isPlain || attributes.dataFormat === "NCHW") return undefined;
  const outputShape = outputShapeOf(x, filter, attributes);
  const outputSize = tf.util.sizeFromShape(outputShape) / batch;
  const pictureSize = x.size / batch;
  if (batch * outputSize * (filter.size / filter.shape[3]) < minProducts) return undefined;
  const jobValues = Math.ceil(batch / count) * (pictureSize + outputSize) + filter.size;
  if (jobValues * Float32Array.BYTES_PER_ELEMENT > maxJobBytes) return undefined;

  const floatsOf = (tensor: tf.TensorInfo) => valuesOf(backend, tensor) as Float32Array;
  // Tensors of another engine move here at the first look, which may move the heap under views of others.
  for (const tensor of Object.values(inputs)) floatsOf(tensor);
  const operand = (tensor: tf.Tensor): Operand => ({ shape: tensor.shape, values: floatsOf(tensor) });
  const constant = Object.fromEntries(
    Object.entries({ filter, ...others }).map(([name, tensor]) => [name, operand(tensor)]),
  );
  const startOf = (part: number) => Math.round((batch * part) / count);
  const shared = available.slice(0, count - 1).map((helper, index) => {
    const [start, end] = [startOf(index + 1), startOf(index + 2)];
    return { helper, start, shape: [end - start, ...pictureShape] as Shape4D };
  });
  for (const { helper, start, shape } of shared) {
    const from = start * pictureSize;
    const values = floatsOf(x).subarray(from, from + tf.util.sizeFromShape(shape));
    const operands = { x: { shape, values }, ...constant };
    helper.send(kernelName, attributes, operands, (shape[0] as number) * outputSize);
  }

  const convolve = (x: tf.TensorInfo) => original({ attributes, inputs: { ...inputs, x: x as tf.Tensor } });
  // A kernel reads as many of the first pictures as the shape says: they need not be copied.
  const first = convolve({ dataId: x.dataId, shape: [startOf(1), ...pictureShape], dtype: "float32" });
  const output = backend.makeOutput(outputShape, "float32");
  floatsOf(output).set(floatsOf(first));
  for (const { helper, start, shape } of shared) {
    const result = helper.receive() ?? floatsOf(convolve(tf.slice(x, [start, 0, 0, 0], shape)));
    floatsOf(output).set(result, start * outputSize);
  }
  return output;
}

type Shape4D = [number, number, number, number];

function outputShapeOf(x: tf.Tensor4D, filter: tf.Tensor4D, attributes: tf.NamedAttrMap): Shape4D {
  const { strides, pad, dilations, dimRoundingMode } = attributes as unknown as tf.Conv2DAttrs;
  return tf.backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode)
    .outShape;
}
