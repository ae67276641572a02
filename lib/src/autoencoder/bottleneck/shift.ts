import * as tf from "@tensorflow/tfjs-core";

/**
 * Moves a picture or its latents by whole positions: the result at (row, column) is `x` at (row + down, column +
 * right). Beyond the border the edge goes on.
 *
 * @param x `[batch, height, width, channels]`
 */
export function shiftPositions(x: tf.Tensor4D, down: number, right: number): tf.Tensor4D {
  return tf.tidy(() => shiftAlong(shiftAlong(x, 1, down), 2, right));
}

function shiftAlong(x: tf.Tensor4D, axis: 1 | 2, distance: number): tf.Tensor4D {
  const length = x.shape[axis];
  const steps = Math.min(Math.abs(distance), length);
  if (steps === 0) return x;
  const part = (start: number, size: number) => {
    const from: tf.Tensor4D["shape"] = [0, 0, 0, 0];
    const sizes: tf.Tensor4D["shape"] = [...x.shape];
    from[axis] = start;
    sizes[axis] = size;
    return tf.slice(x, from, sizes);
  };
  const edge = part(distance > 0 ? length - 1 : 0, 1);
  const edges = Array<tf.Tensor4D>(steps).fill(edge);
  if (steps === length) return tf.concat(edges, axis);
  const rest = part(distance > 0 ? steps : 0, length - steps);
  return tf.concat(distance > 0 ? [rest, ...edges] : [...edges, rest], axis);
}
