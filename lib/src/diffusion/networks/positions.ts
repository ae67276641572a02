import * as tf from "@tensorflow/tfjs-core";

/**
 * Sines and cosines of the row and the column of every token: a quarter of the features each (MAE, He et al. 2022,
 * arXiv:2111.06377; as in DiT).
 *
 * @param width features of a token, a multiple of 4
 * @returns `[1, rows * columns, width]`
 */
export function createPositions(rows: number, columns: number, width: number): tf.Tensor3D {
  const quarter = width / 4;
  const values = new Float32Array(rows * columns * width);
  for (let token = 0; token < rows * columns; token++) {
    const place = [Math.floor(token / columns), token % columns] as const;
    for (let index = 0; index < quarter; index++) {
      const frequency = 10_000 ** (-index / quarter);
      for (const [axis, coordinate] of place.entries()) {
        const start = token * width + 2 * axis * quarter + index;
        values[start] = Math.sin(coordinate * frequency);
        values[start + quarter] = Math.cos(coordinate * frequency);
      }
    }
  }
  return tf.tensor3d(values, [1, rows * columns, width]);
}
