import * as tf from "@tensorflow/tfjs-core";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";

/** Functions of two tensors to truth values; the first overload takes tensors, the second a tensor and a number. */
const comparisons: Record<string, [tensors: string, withNumber?: string]> = {
  [tf.Equal]: ["aten::eq.Tensor", "aten::eq.Scalar"],
  [tf.NotEqual]: ["aten::ne.Tensor", "aten::ne.Scalar"],
  [tf.Greater]: ["aten::gt.Tensor", "aten::gt.Scalar"],
  [tf.GreaterEqual]: ["aten::ge.Tensor", "aten::ge.Scalar"],
  [tf.Less]: ["aten::lt.Tensor", "aten::lt.Scalar"],
  [tf.LessEqual]: ["aten::le.Tensor", "aten::le.Scalar"],
  [tf.LogicalAnd]: ["aten::logical_and"],
  [tf.LogicalOr]: ["aten::logical_or"],
  [tf.LogicalXor]: ["aten::logical_xor"],
};

for (const [name, [tensors, withNumber]] of Object.entries(comparisons)) {
  const compare = operator(tensors);
  const compareWithNumber = withNumber && operator(withNumber);
  defineKernel<tf.BinaryInputs>(name, ({ a, b }, _, torch) => {
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const number = torch.constantOf(b);
    const isNumber = number !== undefined && tf.util.arraysEqual(a.shape, shape);
    const result =
      compareWithNumber && isNumber
        ? compareWithNumber(torch.handle(a), number)
        : compare(torch.handle(a), torch.handle(b));
    return torch.output(result, shape, "bool");
  });
}

const where = operator("aten::where.self");
const reshape = operator("aten::reshape");
/** A condition of one dimension chooses whole rows of `t` and `e`. */
defineKernel<tf.SelectInputs>(tf.Select, ({ condition, t, e }, _, torch) => {
  const isRows = condition.shape.length === 1 && t.shape.length > 1;
  const rows = [condition.shape[0] as number, ...t.shape.slice(1).fill(1)];
  const chooses = isRows ? reshape(torch.handle(condition), rows) : torch.handle(condition);
  return torch.output(
    where(chooses, torch.handle(t), torch.handle(e)),
    t.shape,
    tf.upcastType(t.dtype, e.dtype),
  );
});
