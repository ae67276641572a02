import { DataError } from "../errors.js";

/** `matrix = vectors^T diag(values) vectors`: a row of `vectors` is an eigenvector. Values in no particular order. */
export interface Eigen {
  values: Float64Array;
  /** `[size, size]`, row by row. */
  vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reflections to a tridiagonal matrix, then QL steps with
 * implicit shifts (Golub and Van Loan, "Matrix Computations", sections 8.3.1 to 8.3.3).
 *
 * @param matrix `[size, size]`, row by row
 * @throws DataError `ERR_SHAPE_MISMATCH`; `ERR_NOT_FINITE`, for which the steps would never end
 */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  if (matrix.length !== size * size) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `A matrix [${size}, ${size}] is needed; this has ${matrix.length} values.`,
    );
  }
  if (!matrix.every(Number.isFinite)) {
    throw new DataError(
      "ERR_NOT_FINITE",
      "The matrix has values that are NaN or infinite. Look for what made them.",
    );
  }
  // Scaled to 1, so that neither squares nor differences leave the range of numbers.
  const scale = matrix.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
  const work = matrix.map((value) => value / scale);
  const vectors = identity(size);
  const beside = tridiagonalise(work, vectors, size);
  const values = Float64Array.from({ length: size }, (_, index) => work[index * size + index] as number);
  diagonalise(values, beside, vectors, size);
  return { values: values.map((value) => value * scale), vectors };
}

function identity(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let index = 0; index < size; index++) matrix[index * size + index] = 1;
  return matrix;
}

/**
 * Replaces `work` by a tridiagonal matrix with the same eigenvalues, and multiplies `vectors` by the reflections.
 *
 * @returns the elements beside the diagonal, then a 0
 */
function tridiagonalise(work: Float64Array, vectors: Float64Array, size: number): Float64Array {
  const beside = new Float64Array(size);
  for (let column = 0; column < size - 2; column++) {
    const start = column + 1;
    const mirror = new Float64Array(size); // of the reflection: a unit vector, 0 before `start`
    let square = 0;
    for (let row = start; row < size; row++) {
      mirror[row] = work[row * size + column] as number;
      square += (mirror[row] as number) ** 2;
    }
    const head = mirror[start] as number;
    // Away from the first element, so that nothing cancels.
    const target = head > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    beside[column] = target;
    if (square === 0) continue;
    mirror[start] = head - target;
    const norm = Math.sqrt(2 * (square - head * target));
    for (let row = start; row < size; row++) mirror[row] = (mirror[row] as number) / norm;
    reflectBothSides(work, mirror, start, size);
    reflectRows(vectors, mirror, start, size);
  }
  if (size > 1) beside[size - 2] = work[(size - 1) * size + size - 2] as number;
  return beside;
}

/** `work -= mirror step^T + step mirror^T` on the part from `start` on: `H work H` with `H = I - 2 mirror mirror^T`. */
function reflectBothSides(work: Float64Array, mirror: Float64Array, start: number, size: number): void {
  const step = new Float64Array(size);
  let along = 0;
  for (let row = start; row < size; row++) {
    let sum = 0;
    for (let column = start; column < size; column++)
      sum += (work[row * size + column] as number) * (mirror[column] as number);
    step[row] = 2 * sum;
    along += sum * (mirror[row] as number);
  }
  for (let row = start; row < size; row++)
    step[row] = (step[row] as number) - 2 * along * (mirror[row] as number);
  for (let row = start; row < size; row++) {
    const m = mirror[row] as number;
    const s = step[row] as number;
    for (let column = start; column < size; column++) {
      const index = row * size + column;
      work[index] = (work[index] as number) - m * (step[column] as number) - s * (mirror[column] as number);
    }
  }
}

/** `vectors = H vectors`. */
function reflectRows(vectors: Float64Array, mirror: Float64Array, start: number, size: number): void {
  const sums = new Float64Array(size);
  for (let row = start; row < size; row++) {
    const m = mirror[row] as number;
    for (let column = 0; column < size; column++)
      sums[column] = (sums[column] as number) + m * (vectors[row * size + column] as number);
  }
  for (let row = start; row < size; row++) {
    const m = 2 * (mirror[row] as number);
    for (let column = 0; column < size; column++) {
      const index = row * size + column;
      vectors[index] = (vectors[index] as number) - m * (sums[column] as number);
    }
  }
}

/** QL steps until the elements beside the diagonal vanish. */
function diagonalise(
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  size: number,
): void {
  const at = (values: Float64Array, index: number) => values[index] as number;
  for (let first = 0; first < size; first++) {
    for (;;) {
      let last = first;
      while (last < size - 1) {
        const scale = Math.abs(at(diagonal, last)) + Math.abs(at(diagonal, last + 1));
        if (Math.abs(at(beside, last)) <= Number.EPSILON * scale) break;
        last += 1;
      }
      if (last === first) break;
      // Wilkinson's shift: the eigenvalue of the upper 2 x 2 block that is nearer to its first element.
      const ratio = (at(diagonal, first + 1) - at(diagonal, first)) / (2 * at(beside, first));
      const root = ratio + (ratio < 0 ? -1 : 1) * Math.hypot(ratio, 1);
      let bulge = at(diagonal, last) - at(diagonal, first) + at(beside, first) / root;
      let [sine, cosine, shift] = [1, 1, 0];
      let row = last - 1;
      for (; row >= first; row--) {
        const pushed = sine * at(beside, row);
        const kept = cosine * at(beside, row);
        const length = Math.hypot(pushed, bulge);
        beside[row + 1] = length;
        if (length === 0) {
          // The matrix falls into two parts here.
          diagonal[row + 1] = at(diagonal, row + 1) - shift;
          beside[last] = 0;
          break;
        }
        sine = pushed / length;
        cosine = bulge / length;
        const base = at(diagonal, row + 1) - shift;
        const slope = (at(diagonal, row) - base) * sine + 2 * cosine * kept;
        shift = sine * slope;
        diagonal[row + 1] = base + shift;
        bulge = cosine * slope - kept;
        rotateRows(vectors, row, sine, cosine, size);
      }
      if (row >= first) continue;
      diagonal[first] = at(diagonal, first) - shift;
      beside[first] = bulge;
      beside[last] = 0;
    }
  }
}

function rotateRows(vectors: Float64Array, row: number, sine: number, cosine: number, size: number): void {
  for (let index = row * size; index < (row + 1) * size; index++) {
    const upper = vectors[index] as number;
    const lower = vectors[index + size] as number;
    vectors[index + size] = sine * upper + cosine * lower;
    vectors[index] = cosine * upper - sine * lower;
  }
}
