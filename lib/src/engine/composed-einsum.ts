import * as tf from "@tensorflow/tfjs-core";

/**
 * `tf.einsum` of one or two tensors by one matrix product, for engines that have no kernel for it.
 *
 * The labels fall into four kinds: those of both tensors and the result (a batch of products), of both tensors alone
 * (summed by the product), and of one tensor and the result (rows, columns). A label of one tensor alone is summed first.
 *
 * @param equation as `tf.einsum` takes it, `bij,bjk->bik` for example
 */
export function composeEinsum(equation: string, tensors: tf.Tensor[]): tf.Tensor {
  const [terms = "", output = ""] = equation.replace(/\s/g, "").split("->");
  const labels = terms.split(",");
  return tf.tidy(() => {
    const reduced = tensors.map((tensor, position) => {
      const others = output + (labels[1 - position] ?? "");
      return sumOut(tensor, labels[position] as string, others);
    });
    const [left, right] = reduced as [Labelled, Labelled | undefined];
    const product = right ? multiply(left, right, output) : left;
    return arrange(product, output);
  });
}

interface Labelled {
  tensor: tf.Tensor;
  labels: string;
}

function sumOut(tensor: tf.Tensor, labels: string, others: string): Labelled {
  const lone = [...labels].flatMap((label, axis) => (others.includes(label) ? [] : [axis]));
  if (lone.length === 0) return { tensor, labels };
  const kept = [...labels].filter((label) => others.includes(label)).join("");
  return { tensor: tf.sum(tensor, lone), labels: kept };
}

function multiply(left: Labelled, right: Labelled, output: string): Labelled {
  const shared = [...left.labels].filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label)).join("");
  const summed = shared.filter((label) => !output.includes(label)).join("");
  const without = (labels: string) => [...labels].filter((label) => !shared.includes(label)).join("");
  const rows = without(left.labels);
  const columns = without(right.labels);
  const sizes = new Map([...lengths(left), ...lengths(right)]);
  const size = (labels: string) =>
    [...labels].reduce((product, label) => product * (sizes.get(label) ?? 1), 1);

  const product = tf.matMul(
    tf.reshape(arrange(left, batch + rows + summed), [size(batch), size(rows), size(summed)]),
    tf.reshape(arrange(right, batch + summed + columns), [size(batch), size(summed), size(columns)]),
  );
  const labels = batch + rows + columns;
  const shape = [...labels].map((label) => sizes.get(label) as number);
  return { tensor: tf.reshape(product, shape), labels };
}

function arrange({ tensor, labels }: Labelled, wanted: string): tf.Tensor {
  if (labels === wanted) return tensor;
  return tf.transpose(
    tensor,
    [...wanted].map((label) => labels.indexOf(label)),
  );
}

function lengths({ tensor, labels }: Labelled): [label: string, length: number][] {
  return [...labels].map((label, axis) => [label, tensor.shape[axis] as number]);
}
