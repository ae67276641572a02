import * as tf from "@tensorflow/tfjs-core";

/**
 * Gradient of `tf.einsum` for one and two tensors, which is all that it takes. It is an einsum again: dy with the other
 * tensor, the labels of the tensor itself on the right.
 */
export function registerEinsumGradient(): void {
  tf.registerGradient({
    kernelName: tf.Einsum,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const { equation } = attributes as unknown as tf.EinsumAttrs;
      const [left = "", output = ""] = equation.replace(/\s/g, "").split("->");
      const terms = left.split(",");
      const gradientOf = (position: number) => () => {
        const own = terms[position] as string;
        const other = terms[1 - position];
        const known = output + (other ?? "");
        const reached = [...own].filter((label) => known.includes(label)).join("");
        const slope =
          other === undefined
            ? tf.einsum(`${output}->${reached}`, dy as tf.Tensor)
            : tf.einsum(`${output},${other}->${reached}`, dy as tf.Tensor, saved[1 - position] as tf.Tensor);
        return repeatAlongMissing(slope, own, reached, (saved[position] as tf.Tensor).shape);
      };
      return Object.fromEntries(terms.map((_, position) => [position, gradientOf(position)]));
    },
  });
}

/** A label that only this tensor had was summed over: every position along it has the same gradient. */
function repeatAlongMissing(slope: tf.Tensor, own: string, reached: string, shape: number[]): tf.Tensor {
  if (own === reached) return slope;
  const kept = shape.map((length, axis) => (reached.includes(own[axis] as string) ? length : 1));
  return tf.broadcastTo(tf.reshape(slope, kept), shape);
}
