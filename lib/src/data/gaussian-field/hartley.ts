/**
 * The two-dimensional discrete Hartley transform (Bracewell 1983), orthonormal: the real counterpart of the Fourier
 * transform, and its own inverse. Basis function (v, u) is `cas(2 pi (v y + u x) / size) / size`, with
 * `cas = cos + sin`.
 *
 * @param size height and width
 * @returns a function that transforms one picture `[size, size]` into a new array
 */
export function createHartley(size: number): (values: ArrayLike<number>) => Float64Array {
  const cosine = new Float64Array(size * size);
  const sine = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let n = 0; n < size; n++) {
      const angle = (2 * Math.PI * ((k * n) % size)) / size;
      cosine[k * size + n] = Math.cos(angle);
      sine[k * size + n] = Math.sin(angle);
    }
  }
  /** cas(p + q) = cos p cas q + sin p cas(-q): first along the rows with cas(q) and cas(-q), then along the columns. */
  return (values) => {
    const forward = new Float64Array(size * size);
    const backward = new Float64Array(size * size);
    for (let y = 0; y < size; y++) {
      for (let u = 0; u < size; u++) {
        let even = 0;
        let odd = 0;
        for (let x = 0; x < size; x++) {
          const value = values[y * size + x] as number;
          even += value * (cosine[u * size + x] as number);
          odd += value * (sine[u * size + x] as number);
        }
        forward[y * size + u] = even + odd;
        backward[y * size + u] = even - odd;
      }
    }
    const result = new Float64Array(size * size);
    for (let v = 0; v < size; v++) {
      for (let y = 0; y < size; y++) {
        const c = cosine[v * size + y] as number;
        const s = sine[v * size + y] as number;
        for (let u = 0; u < size; u++) {
          const place = v * size + u;
          const term = c * (forward[y * size + u] as number) + s * (backward[y * size + u] as number);
          result[place] = (result[place] as number) + term / size;
        }
      }
    }
    return result;
  };
}
