import * as tf from "@tensorflow/tfjs-core";
import { ScalarType } from "../addon.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { float64, scalarTypeOf } from "../types.js";
import { defineKernel, type TensorList } from "./kernel.js";

const toType = operator("aten::to.dtype");
const toComplex = operator("aten::complex");
const realPart = operator("aten::real");
const zerosLike = operator("aten::zeros_like");
const truncate = operator("aten::trunc");
const replaceNan = operator("aten::nan_to_num");

defineKernel<tf.IdentityInputs>(tf.Identity, ({ x }, _, torch) => torch.share(x));

defineKernel<tf.CastInputs, tf.CastAttrs>(tf.Cast, ({ x }, { dtype }, torch) => {
  if (x.dtype === dtype) return torch.share(x);
  const value = torch.constantOf(x);
  if (value !== undefined && dtype === "float32") return torch.constant(value, x.shape, dtype);
  const handle = torch.handle(x);
  if (dtype === "complex64") {
    const real = toType(handle, ScalarType.float32);
    return torch.output(toComplex(real, zerosLike(real)), x.shape, dtype);
  }
  // What is no number becomes 0, as in an Int32Array.
  const real = x.dtype === "complex64" ? realPart(handle) : handle;
  const whole = dtype === "int32" && x.dtype === "float32" ? replaceNan(truncate(real), 0) : real;
  return torch.output(toType(whole, scalarTypeOf(dtype)), x.shape, dtype);
});

const reshape = operator("aten::reshape");
defineKernel<tf.ReshapeInputs, tf.ReshapeAttrs>(tf.Reshape, ({ x }, attributes, torch) => {
  const shape = tf.util.inferFromImplicitShape(attributes.shape, tf.util.sizeFromShape(x.shape));
  const value = torch.constantOf(x);
  if (value !== undefined) return torch.constant(value, shape, x.dtype);
  return torch.view(x, reshape(torch.handle(x), shape), shape);
});

const unsqueeze = operator("aten::unsqueeze");
defineKernel<tf.ExpandDimsInputs, tf.ExpandDimsAttrs>(tf.ExpandDims, ({ input }, { dim }, torch) => {
  const rank = input.shape.length;
  tf.util.assert(
    -(rank + 1) <= dim && dim <= rank,
    () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`,
  );
  const axis = dim < 0 ? rank + dim + 1 : dim;
  const shape = [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)];
  return torch.view(input, unsqueeze(torch.handle(input), axis), shape);
});

const permute = operator("aten::permute");
defineKernel<tf.TransposeInputs, tf.TransposeAttrs>(tf.Transpose, ({ x }, { perm }, torch) => {
  const shape = perm.map((axis) => x.shape[axis] as number);
  return torch.view(x, permute(torch.handle(x), perm), shape);
});

const concatenate = operator("aten::cat");
defineKernel<TensorList, tf.ConcatAttrs>(tf.Concat, (tensors, attributes, torch) => {
  const shapes = tensors.map((tensor) => tensor.shape);
  const [first] = tensors as [tf.TensorInfo];
  const [axis] = tf.util.parseAxisParam(attributes.axis, first.shape) as [number];
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const shape = tf.backend_util.computeOutShape(shapes, axis);
  const handles = tensors.map((tensor) => torch.handle(tensor));
  return torch.output(concatenate(handles, axis), shape, first.dtype);
});

const stack = operator("aten::stack");
defineKernel<TensorList, tf.PackAttrs>(tf.Pack, (tensors, { axis }, torch) => {
  const [{ shape, dtype }] = tensors as [tf.TensorInfo];
  for (const tensor of tensors) {
    tf.util.assertShapesMatch(shape, tensor.shape, "All tensors passed to stack must have matching shapes");
    tf.util.assert(tensor.dtype === dtype, () => "All tensors passed to stack must have matching dtypes");
  }
  const result = [...shape.slice(0, axis), tensors.length, ...shape.slice(axis)];
  const handles = tensors.map((tensor) => torch.handle(tensor));
  return torch.output(stack(handles, axis), result, dtype);
});

const unbind = operator<number[]>("aten::unbind.int");
defineKernel<tf.UnpackInputs, tf.UnpackAttrs>(tf.Unpack, ({ value }, attributes, torch) => {
  const rank = value.shape.length;
  const axis = attributes.axis < 0 ? attributes.axis + rank : attributes.axis;
  const shape = value.shape.filter((_, index) => index !== axis);
  return unbind(torch.handle(value), axis).map((part) => torch.view(value, part, shape));
});

const split = operator<number[]>("aten::split_with_sizes");
defineKernel<tf.SplitVInputs, tf.SplitVAttrs>(tf.SplitV, ({ x }, attributes, torch) => {
  const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape) as [number];
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attributes.numOrSizeSplits, axis);
  return split(torch.handle(x), sizes, axis).map((part, index) => {
    const shape = x.shape.map((length, dimension) =>
      dimension === axis ? (sizes[index] as number) : length,
    );
    return torch.view(x, part, shape);
  });
});

const repeat = operator("aten::repeat");
const expand = operator("aten::expand");
defineKernel<tf.TileInputs, tf.TileAttrs>(tf.Tile, ({ x }, { reps }, torch) => {
  const shape = x.shape.map((length, index) => length * (reps[index] as number));
  // Broadcasting alone (`tf.broadcastTo` is a tile, too) copies nothing.
  if (x.shape.every((length, index) => length === 1 || reps[index] === 1)) {
    return torch.view(x, expand(torch.handle(x), shape), shape);
  }
  return torch.output(repeat(torch.handle(x), reps), shape, x.dtype);
});

const flip = operator("aten::flip");
defineKernel<tf.ReverseInputs, tf.ReverseAttrs>(tf.Reverse, ({ x }, { dims }, torch) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  return torch.output(flip(torch.handle(x), axes), x.shape, x.dtype);
});

const diagonal = operator("aten::diag");
defineKernel<tf.DiagInputs>(tf.Diag, ({ x }, _, torch) => {
  const flat = reshape(torch.handle(x), [-1]);
  const shape = [...x.shape, ...x.shape];
  return torch.output(reshape(diagonal(flat), shape), shape, x.dtype);
});

defineKernel<object, tf.FillAttrs>(tf.Fill, (_, { shape, value, dtype }, torch) => {
  if (typeof value !== "string") return torch.constant(Number(value), shape, dtype ?? "float32");
  const text = tf.util.encodeString(value);
  const strings = Array.from({ length: tf.util.sizeFromShape(shape) }, () => text);
  return { dataId: torch.write(strings, shape, "string"), shape, dtype: "string" };
});

function defineConstantLike(kernelName: string, value: number): void {
  defineKernel<tf.UnaryInputs>(kernelName, ({ x }, _, torch) => {
    if (x.dtype === "string") {
      if (value === 1) throw new Error("onesLike is not supported for tensors of strings");
      const empty = Array.from({ length: tf.util.sizeFromShape(x.shape) }, () => tf.util.encodeString(""));
      return { dataId: torch.write(empty, x.shape, "string"), shape: x.shape, dtype: "string" };
    }
    return torch.constant(value, x.shape, x.dtype);
  });
}
defineConstantLike(tf.ZerosLike, 0);
defineConstantLike(tf.OnesLike, 1);

const arange = operator("aten::arange.start_step");
defineKernel<object, tf.RangeAttrs>(tf.Range, (_, { start, stop, step, dtype }, torch) => {
  // A step of 1 is what callers get who give none; downwards it means -1.
  const towards = stop < start && step === 1 ? -1 : step;
  const count = Math.max(0, Math.ceil((stop - start) / towards));
  // By the count and not by the end, so that rounding adds no element.
  const index = arange(0, count, 1, float64, null, runtime.device);
  return torch.output(toType(addScaled(index, start, towards), scalarTypeOf(dtype)), [count], dtype);
});

const multiply = operator("aten::mul.Scalar");
const add = operator("aten::add.Scalar");
const addScaled = (index: number, start: number, step: number) => add(multiply(index, step), start);

const linspace = operator("aten::linspace");
defineKernel<object, tf.LinSpaceAttrs>(tf.LinSpace, (_, { start, stop, num }, torch) =>
  torch.output(linspace(start, stop, num, ScalarType.float32, null, runtime.device), [num], "float32"),
);
