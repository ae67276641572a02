import type { ParameterShape } from "./parameter-shapes.js";

/** The shape here of a parameter of PyTorch: convolutions `[height, width, in, out]`, linear layers `[in, out]`. */
export function shapeHere({ kind, shape }: ParameterShape): number[] {
  if (kind === "vector") return [...shape];
  const [outSize, inSize, ...window] = shape as [number, number, ...number[]];
  return [...window, inSize, outSize];
}

/** Numbers in PyTorch's order to ours. A linear layer is a convolution with a window of one position. */
export function fromTorchLayout({ kind, shape }: ParameterShape, values: Float32Array): Float32Array {
  if (kind === "vector") return values;
  const { outSize, inSize, positions } = sizesOf(shape);
  const moved = new Float32Array(values.length);
  let source = 0;
  for (let out = 0; out < outSize; out++) {
    for (let input = 0; input < inSize; input++) {
      for (let position = 0; position < positions; position++) {
        moved[(position * inSize + input) * outSize + out] = values[source++] as number;
      }
    }
  }
  return moved;
}

/** The way back. */
export function toTorchLayout({ kind, shape }: ParameterShape, values: Float32Array): Float32Array {
  if (kind === "vector") return values;
  const { outSize, inSize, positions } = sizesOf(shape);
  const moved = new Float32Array(values.length);
  let target = 0;
  for (let out = 0; out < outSize; out++) {
    for (let input = 0; input < inSize; input++) {
      for (let position = 0; position < positions; position++) {
        moved[target++] = values[(position * inSize + input) * outSize + out] as number;
      }
    }
  }
  return moved;
}

function sizesOf(shape: readonly number[]) {
  const [outSize, inSize, ...window] = shape as [number, number, ...number[]];
  return { outSize, inSize, positions: window.reduce((product, length) => product * length, 1) };
}
