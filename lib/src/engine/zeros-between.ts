import * as tf from "@tensorflow/tfjs-core";

/** Puts `stride - 1` zeros between neighbours along an axis: `size` becomes `(size - 1) * stride + 1`. */
export function insertZeros(tensor: tf.Tensor4D, axis: 0 | 1 | 2 | 3, stride: number): tf.Tensor4D {
  if (stride === 1) return tensor;
  const shape = [...tensor.shape] as [number, number, number, number];
  const size = shape[axis];
  const behind = [...tensor.shape];
  behind.splice(axis + 1, 0, 1);
  const padding = behind.map((): [number, number] => [0, 0]);
  padding[axis + 1] = [0, stride - 1];
  shape[axis] = size * stride;
  const spread = tf.reshape(tf.pad(tf.reshape(tensor, behind), padding), shape) as tf.Tensor4D;
  shape[axis] = (size - 1) * stride + 1;
  return tf.slice(spread, [0, 0, 0, 0], shape) as tf.Tensor4D;
}
