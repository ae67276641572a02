import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "./kernel.js";

/** Multiplications a matrix from which calling the fast kernel once for each matrix pays. */
const minProductsForLoop = 20_000;

/**
 * Matrix products by the backend's fast kernel, which it uses for two plain matrices only: for transposed ones and for
 * several at once it falls back to one that is ten times slower.
 */
export function registerMatrixProducts(): void {
  replaceKernel(tf.BatchMatMul, ({ inputs, attributes, original }) => {
    const { a, b } = inputs as { a: tf.Tensor; b: tf.Tensor };
    const { transposeA, transposeB } = attributes as unknown as tf.BatchMatMulAttrs;
    if (a.dtype !== "float32" || b.dtype !== "float32") return original();
    const left = transposeA ? transposeLast(a) : a;
    const right = transposeB ? transposeLast(b) : b;
    const multiply = (a: tf.Tensor, b: tf.Tensor) =>
      original({
        inputs: { a, b: inOneShape(b) },
        attributes: { transposeA: false, transposeB: false },
      });

    const batchShape = left.shape.slice(0, -2);
    const isSameBatch = batchShape.join() === right.shape.slice(0, -2).join();
    const [rows, inner] = left.shape.slice(-2) as [number, number];
    const columns = right.shape.at(-1) as number;
    const count = batchShape.reduce((product, length) => product * length, 1);
    if (count === 1 || !isSameBatch || rows * inner * columns < minProductsForLoop)
      return multiply(left, right);

    const leftMatrices = tf.split(tf.reshape(left, [count * rows, inner]), count);
    const rightMatrices = tf.split(tf.reshape(right, [count * inner, columns]), count);
    const products = leftMatrices.map((matrix, index) =>
      multiply(
        tf.reshape(matrix, [1, rows, inner]),
        tf.reshape(rightMatrices[index] as tf.Tensor, [1, inner, columns]),
      ),
    );
    return tf.reshape(tf.concat(products), [...batchShape, rows, columns]);
  });
  replaceKernel(tf._FusedMatMul, ({ inputs, original }) =>
    original({ inputs: { ...inputs, b: inOneShape(inputs.b as tf.Tensor) } }),
  );
}

const packedShapes = new WeakMap<tf.DataId, string>();

/**
 * The backend keeps the right operand in an order of its own, found again by the data alone: in another shape the same
 * data (`tf.reshape`) would be multiplied as the first one, with wrong numbers and reads beyond its end.
 */
function inOneShape(right: tf.Tensor): tf.Tensor {
  const shape = right.shape.slice(-2).join();
  const packed = packedShapes.get(right.dataId) ?? shape;
  packedShapes.set(right.dataId, packed);
  // A sum, because `tf.clone` shares the data.
  return packed === shape ? right : tf.add(right, 0);
}

function transposeLast(tensor: tf.Tensor): tf.Tensor {
  const axes = tensor.shape.map((_, axis) => axis);
  return tf.transpose(tensor, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}
