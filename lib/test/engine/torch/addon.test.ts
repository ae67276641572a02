import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Handle } from "../../../src/engine/torch/addon.js";
import { ScalarType } from "../../../src/engine/torch/addon.js";
import { addon, call, callFor, code, float, numbers } from "./addon-on-cpu.js";

describe("operators", () => {
  it("are called by their schemas, with defaults for what is left out", () => {
    const x = float([1, 2, 3, 4], [2, 2]);
    expect(addon.schema(addon.op("aten::add", "Tensor"))).toMatch(
      /^aten::add\.Tensor\(Tensor self, .*alpha=1\)/,
    );
    expect(numbers(call("aten::add.Tensor", x, x))).toEqual([2, 4, 6, 8]);
    expect(numbers(call("aten::add.Tensor", x, x, 10))).toEqual([11, 22, 33, 44]);
  });

  it("are the same number at every look-up", () => {
    expect(addon.op("aten::relu", "")).toBe(addon.op("aten::relu", ""));
  });

  it("that do not exist are named", () => {
    expect(() => addon.op("aten::frobnicate", "Tensor")).toThrow(
      code("ERR_TORCH_OPERATOR", /torch 2\.\S+ has no operator aten::frobnicate\.Tensor/),
    );
  });

  it("take lists of tensors, with holes where the schema allows them", () => {
    const [a, b] = [float([1, 2]), float([3])];
    expect(numbers(call("aten::cat", [a, b], 0))).toEqual([1, 2, 3]);
    const rows = float([1, 2, 3, 4], [2, 2]);
    const last = addon.upload(new Int32Array([1]), [1], "cpu", ScalarType.int64);
    expect(numbers(call("aten::index.Tensor", rows, [null, last]))).toEqual([2, 4]);
  });

  it("take integers, lists of them, and one for all where the schema says how many", () => {
    const image = float([1, 2, 3, 4], [1, 1, 2, 2]);
    expect(numbers(call("aten::avg_pool2d", image, 2))).toEqual([2.5]);
    expect(numbers(call("aten::avg_pool2d", image, [2, 1]))).toEqual([2, 3]);
    expect(addon.shape(call("aten::reshape", image, [4, -1]))).toEqual([4, 1]);
  });

  it("take whole numbers as integers and others as reals where the schema says Scalar", () => {
    const x = addon.upload(new Int32Array([5]), [1], "cpu", ScalarType.int32);
    expect(addon.type(call("aten::add.Scalar", x, 2))).toBe(ScalarType.int32);
    expect(addon.type(call("aten::add.Scalar", x, 2.5))).toBe(ScalarType.float32);
    expect(Object.is(numbers(call("aten::mul.Scalar", float([1]), -0))[0], -0)).toBe(true);
  });

  it("take strings, booleans, types, devices and lists of reals and booleans", () => {
    const x = float([0.5]);
    expect(numbers(call("aten::gelu", x, "tanh"))[0]).toBeCloseTo(0.3457, 4);
    expect(addon.shape(call("aten::sum.dim_IntList", float([1, 2]), [0], true))).toEqual([1]);
    const ones = call("aten::ones", [2], ScalarType.bfloat16, null, "cpu");
    expect(addon.type(ones)).toBe(ScalarType.bfloat16);
    const image = float([1, 2, 3, 4], [1, 1, 2, 2]);
    expect(addon.shape(call("aten::upsample_nearest2d.vec", image, null, [2, 1.5]))).toEqual([1, 1, 4, 3]);
    const [weight, gradient] = [float([1], [1, 1, 1, 1]), float([1, 1, 1, 1], [1, 1, 2, 2])];
    const wanted = [false, true, false];
    const backward = callFor<Handle[]>(
      "aten::convolution_backward",
      ...[gradient, image, weight, null, [1, 1], [0, 0], [1, 1], false, [0, 0], 1, wanted],
    );
    expect(backward[0]).toBe(0);
    expect(numbers(backward[1])).toEqual([10]);
  });

  it("return several results as an array, numbers as numbers, and nothing for what they write into", () => {
    const x = float([3, 9, 4]);
    const [value, index] = callFor<Handle[]>("aten::max.dim", x, 0);
    expect([numbers(value), numbers(index)]).toEqual([[9], [1]]);
    expect(call("aten::size.int", x, 0)).toBe(3);
    expect(call("aten::equal", x, x)).toBe(true);
    expect(callFor<Handle[]>("aten::split.Tensor", x, 2).map(numbers)).toEqual([[3, 9], [4]]);
    const before = addon.handleCount();
    expect(call("aten::add_.Scalar", x, 1)).toBeUndefined();
    expect(addon.handleCount()).toBe(before);
    expect(numbers(x)).toEqual([4, 10, 5]);
  });
});

describe("data", () => {
  it.each([
    ["float32", new Float32Array([1.5, -2]), [1.5, -2], Float32Array],
    ["int32", new Int32Array([7, -8]), [7, -8], Int32Array],
    ["bool", new Uint8Array([0, 5]), [0, 1], Uint8Array],
    ["int64", new Int32Array([7, -8]), [7, -8], Int32Array],
    ["bfloat16", new Float32Array([1.5, -2]), [1.5, -2], Float32Array],
  ] as const)("comes back from %s", async (type, data, expected, array) => {
    const tensor = addon.upload(data, [2, 1], "cpu", ScalarType[type]);
    expect(addon.type(tensor)).toBe(ScalarType[type]);
    expect(addon.shape(tensor)).toEqual([2, 1]);
    expect(addon.device(tensor)).toBe("cpu");
    for (const read of [addon.download(tensor), await addon.downloadAsync(tensor)]) {
      expect(read).toBeInstanceOf(array);
      expect(Array.from(read)).toEqual(expected);
    }
  });

  it("may have no elements, or one and no axes", () => {
    const empty = float([], [0, 3]);
    expect(addon.shape(empty)).toEqual([0, 3]);
    expect(numbers(empty)).toEqual([]);
    expect(addon.shape(float([4], []))).toEqual([]);
  });

  it("is a copy: neither what was uploaded nor what was downloaded changes with the tensor", async () => {
    const size = 100_000; // large enough to be shared with JavaScript instead of copied
    const source = new Float32Array(size).fill(1);
    const tensor = addon.upload(source, [size], "cpu", ScalarType.float32);
    source.fill(2);
    const [before, pending] = [addon.download(tensor), addon.downloadAsync(tensor)];
    call("aten::zero_", tensor);
    addon.free(tensor);
    expect(before.every((value) => value === 1)).toBe(true);
    expect((await pending).every((value) => value === 1)).toBe(true);
  });

  it("is read in the order of the axes, whatever the memory's order is", () => {
    const x = float([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(numbers(call("aten::t", x))).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe("handles", () => {
  let count: number;
  beforeEach(() => {
    count = addon.handleCount();
  });

  it("are refused once freed, with what they named", () => {
    const tensor = float([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(addon.describe(tensor)).toBe("[2, 3] float32 on cpu");
    addon.free(tensor);
    expect(addon.describe(tensor)).toBe("[2, 3] float32 on cpu, freed");
    expect(() => call("aten::neg", tensor)).toThrow(
      code("ERR_TENSOR_FREED", /aten::neg: argument "self": .*\[2, 3\] float32 on cpu, freed/),
    );
  });

  it("never name the tensor that has taken the place", () => {
    const first = float([1]);
    addon.free(first);
    const second = float([2, 2]);
    expect(second).not.toBe(first);
    expect(() => addon.download(first)).toThrow(code("ERR_TENSOR_FREED", /its place used again/));
    addon.free(first); // freeing twice frees nothing else
    expect(numbers(second)).toEqual([2, 2]);
    addon.free(second);
    for (let i = 0; i < 10; i++) addon.free(float([3]));
    expect(() => addon.download(first)).toThrow(code("ERR_TENSOR_FREED"));
    expect(addon.handleCount()).toBe(count);
  });

  it("are freed together or, where one is none, not at all", () => {
    const tensors = [float([1]), float([2])];
    expect(() => addon.free([...tensors, Number.NaN])).toThrow(code("ERR_TORCH"));
    expect(addon.handleCount()).toBe(count + 2);
    addon.free([...tensors, 0]);
    expect(addon.handleCount()).toBe(count);
  });

  it("of one tensor keep it alive each by itself", () => {
    const tensor = float([7]);
    const [alias, detached] = [addon.alias(tensor), addon.detach(tensor)];
    addon.free(tensor);
    expect([numbers(alias), numbers(detached)]).toEqual([[7], [7]]);
    addon.free([alias, detached]);
    expect(addon.handleCount()).toBe(count);
  });
});

describe("gradients", () => {
  const record = <Result>(work: () => Result): Result => {
    const before = addon.recordGradients(true);
    try {
      return work();
    } finally {
      addon.recordGradients(before);
    }
  };
  const parameter = (values: number[], shape?: number[]) => {
    const tensor = float(values, shape);
    addon.requireGradient(tensor);
    return tensor;
  };
  const strides = (tensor: Handle) =>
    addon.shape(tensor).map((_, axis) => call("aten::stride.int", tensor, axis));
  afterEach(() => expect(addon.recordGradients(false)).toBe(false));

  it("follow the operators that were recorded", () => {
    const [x, unused] = [parameter([1, 2, 3]), parameter([1])];
    const loss = record(() => call("aten::sum", call("aten::mul.Tensor", x, x)));
    const [dx, none] = addon.gradients(loss, [x, unused], false);
    expect(numbers(dx)).toEqual([2, 4, 6]);
    expect(none).toBe(0);
  });

  it("are none for a constant, and for what was not recorded", () => {
    const x = parameter([1, 2]);
    expect(addon.gradients(call("aten::sum", x), [x], false)).toEqual([0]);
    expect(record(() => addon.gradients(float([1], []), [x], false))).toEqual([0]);
  });

  it("have the strides of their inputs, which fused optimisers rely on", () => {
    const square = parameter([1, 2, 3, 4, 5, 6], [2, 3]);
    const weights = float([1, 2, 3, 4, 5, 6], [3, 2]);
    const loss = record(() => call("aten::sum", call("aten::mul.Tensor", call("aten::t", square), weights)));
    const [transposed] = addon.gradients(loss, [square], false);
    expect(strides(transposed as Handle)).toEqual([3, 1]);
    expect(numbers(transposed)).toEqual([1, 3, 5, 2, 4, 6]);

    const [expanded] = addon.gradients(
      record(() => call("aten::sum", square)),
      [square],
      false,
    );
    expect(strides(expanded as Handle)).toEqual([3, 1]);
    expect(numbers(expanded)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("have gradients themselves where a graph is asked for", () => {
    const x = parameter([3]);
    const second = record(() => {
      const cube = call("aten::pow.Tensor_Scalar", x, 3);
      const [first] = addon.gradients(cube, [x], true);
      return addon.gradients(first as Handle, [x], false)[0];
    });
    expect(numbers(second)).toEqual([18]);
  });

  it("of a value that is not one number are refused", () => {
    const x = parameter([1, 2]);
    const value = record(() => call("aten::neg", x));
    expect(() => addon.gradients(value, [x], false)).toThrow(code("ERR_TORCH", /scalar/));
  });
});

describe("autocast", () => {
  it("computes in the type that is asked for, with the parameters as they are now", () => {
    const weight = float([1], [1, 1]);
    addon.requireGradient(weight);
    const product = () => call("aten::mm", float([2], [1, 1]), weight);
    for (const value of [1, 3]) {
      call("aten::fill_.Scalar", weight, value);
      addon.autocast("cpu", ScalarType.bfloat16);
      const before = addon.recordGradients(true); // torch keeps its copies of parameters only while it records
      const result = product();
      addon.recordGradients(before);
      addon.autocast("cpu", null);
      expect(addon.type(result)).toBe(ScalarType.bfloat16);
      expect(numbers(result)).toEqual([2 * value]);
    }
    expect(addon.type(product())).toBe(ScalarType.float32);
  });
});

describe("the process", () => {
  it("says what it runs on", () => {
    const info = addon.info();
    expect(info.torch).toMatch(/^2\.\d+\.\d+$/);
    expect(info.threads).toBeGreaterThan(0);
    // A GPU, or the reason why there is none; neither where the addon was compiled without CUDA.
    expect([info.cuda, info.cudaError].filter(Boolean)).toHaveLength(info.compiledForCuda ? 1 : 0);
  });

  it("has as many threads as it is told", () => {
    const { threads } = addon.info();
    addon.setThreads(1);
    expect(addon.info().threads).toBe(1);
    addon.setThreads(threads);
  });

  it("goes on after an allocation that cannot be had", () => {
    for (let i = 0; i < 3; i++) {
      expect(() => call("aten::empty.memory_format", [1e12, 100])).toThrow(
        code("ERR_TORCH_OOM", /400000000000000 bytes/),
      );
    }
    expect(numbers(call("aten::ones", [2]))).toEqual([1, 1]);
  });

  it("answers questions about a GPU without one", () => {
    addon.synchronize();
    addon.emptyCache();
    addon.setTf32(true);
    addon.setTf32(false);
    for (const bytes of Object.values(addon.memory())) expect(bytes).toBeGreaterThanOrEqual(0);
  });
});
