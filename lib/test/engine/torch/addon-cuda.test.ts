import { describe, expect, it } from "vitest";
import type { Handle, OperatorArgument } from "../../../src/engine/torch/addon.js";
import { ScalarType } from "../../../src/engine/torch/addon.js";
import { loadAddon } from "../../../src/engine/torch/load-addon.js";

const addon = loadAddon();
const float = (values: number[], shape = [values.length]): Handle =>
  addon.upload(new Float32Array(values), shape, "cuda", ScalarType.float32);
const call = (signature: string, ...args: OperatorArgument[]): Handle => {
  const [name = "", overload = ""] = signature.split(".");
  return addon.call(addon.op(name, overload), ...args) as Handle;
};
const numbers = (tensor: Handle): number[] => Array.from(addon.download(tensor));
const random = (shape: number[]) => call("aten::rand", shape, ScalarType.float32, null, "cuda");
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Records `work`, whose result stays where replays write it. */
function record<Result>(work: () => Result): { graph: number; result: Result } {
  const graph = addon.captureBegin();
  try {
    const result = work();
    addon.captureEnd(graph);
    return { graph, result };
  } catch (error) {
    addon.captureAbort(graph);
    throw error;
  }
}

describe.skipIf(!addon.info().cuda)("the addon on a GPU", () => {
  it("computes there", async () => {
    const x = float([1, 2, 3, 4], [2, 2]);
    expect(addon.device(x)).toBe("cuda");
    const product = call("aten::mm", x, x);
    expect(addon.describe(product)).toBe("[2, 2] float32 on cuda");
    expect(numbers(product)).toEqual([7, 10, 15, 22]);
    expect(Array.from(await addon.downloadAsync(product))).toEqual([7, 10, 15, 22]);
  });

  it("brings data over in the order of the calls, without waiting", async () => {
    const source = new Float32Array(1_000_000);
    const sums: Promise<Float32Array | Int32Array | Uint8Array>[] = [];
    for (let i = 0; i < 20; i++) {
      source.fill(i);
      const tensor = addon.upload(source, [source.length], "cuda", ScalarType.float32);
      const mean = call("aten::mean", tensor);
      sums.push(addon.downloadAsync(mean));
      call("aten::zero_", mean); // after the read-back, in the stream's order
      addon.free([tensor, mean]);
    }
    expect((await Promise.all(sums)).map(([value]) => value)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it("goes on after its memory did not suffice", () => {
    const { totalBytes } = addon.info().cuda as { totalBytes: number };
    expect(() => call("aten::empty.memory_format", [totalBytes], ScalarType.float32, null, "cuda")).toThrow(
      code("ERR_TORCH_OOM"),
    );
    expect(numbers(call("aten::neg", float([1])))).toEqual([-1]);
  });

  it("replays what was recorded, with the inputs of the moment", () => {
    const [x, y] = [float([1, 2]), float([0, 0])];
    const { graph } = record(() => call("aten::add_.Tensor", y, call("aten::mul.Scalar", x, 2)));
    expect(numbers(y)).toEqual([0, 0]); // recorded, not done
    addon.replay(graph);
    call("aten::fill_.Scalar", x, 10);
    addon.replay(graph);
    expect(numbers(y)).toEqual([22, 24]);
    addon.freeGraph(graph);
    expect(() => addon.replay(graph)).toThrow(code("ERR_TORCH"));
  });

  it("records gradients and mixed precision with the parameters of the moment", () => {
    const [x, weight] = [float([2], [1, 1]), float([1], [1, 1])];
    addon.requireGradient(weight);
    const step = () => {
      const before = addon.recordGradients(true);
      addon.autocast("cuda", ScalarType.bfloat16);
      try {
        const product = call("aten::mm", x, weight);
        const loss = call("aten::sum", call("aten::mul.Tensor", product, product));
        return [product, ...addon.gradients(loss, [weight], false)] as [Handle, Handle];
      } finally {
        addon.autocast("cuda", null);
        addon.recordGradients(before);
      }
    };
    step(); // libraries make their work space at the first call
    const { graph, result } = record(step);
    for (const value of [1, 3]) {
      call("aten::fill_.Scalar", weight, value);
      addon.replay(graph);
      expect(numbers(result[0])).toEqual([2 * value]);
      expect(numbers(result[1])).toEqual([8 * value]);
    }
    addon.freeGraph(graph);
  });

  it("copies pixels in the type that they have, also in mixed precision", () => {
    const x = float([1, 2, 3, 4], [1, 1, 2, 2]);
    addon.requireGradient(x);
    const before = addon.recordGradients(true);
    addon.autocast("cuda", ScalarType.bfloat16);
    const half = call("aten::to.dtype", x, ScalarType.bfloat16);
    const result = call("latentlab::upsample_nearest", half, 2);
    const sum = call("aten::sum", result);
    addon.autocast("cuda", null);
    addon.recordGradients(before);
    expect(addon.type(result)).toBe(ScalarType.bfloat16);
    expect(numbers(addon.gradients(sum, [x], false)[0] as Handle)).toEqual([4, 4, 4, 4]);
  });

  it("adds up in one order where results have to repeat, and goes on where it cannot", () => {
    const [values, rows] = [random([100_000, 3]), call("aten::randint", 5, [100_000], 4, null, "cuda")];
    const add = () => numbers(call("aten::index_add", float(Array(15).fill(0), [5, 3]), 0, rows, values, 1));
    addon.setDeterministic(true);
    try {
      const first = add();
      for (let repetition = 0; repetition < 10; repetition++) expect(add()).toEqual(first);
      const x = random([1, 1, 4, 4]);
      addon.requireGradient(x);
      addon.recordGradients(true);
      const sum = call("aten::sum", call("aten::upsample_bilinear2d", x, [8, 8], false, null, null));
      addon.recordGradients(false);
      for (const value of numbers(addon.gradients(sum, [x], false)[0] as Handle))
        expect(value).toBeGreaterThan(0);
    } finally {
      addon.setDeterministic(false);
    }
  });

  it.each<[string, string, () => unknown]>([
    ["a read-back", "ERR_COMPILED_STEP", () => addon.download(float1)],
    ["a read-back by an operator", "ERR_COMPILED_STEP", () => call("aten::item", float1)],
    ["an upload", "ERR_COMPILED_STEP", () => float([1])],
    ["waiting", "ERR_COMPILED_STEP", () => addon.synchronize()],
    ["another recording", "ERR_COMPILED_STEP", () => addon.captureBegin()],
    ["memory that there is not", "ERR_TORCH_OOM", () => random([1e12])],
    ["a wrong shape", "ERR_TORCH", () => call("aten::mm", float1, float1)],
  ])("recovers from %s inside a recording", (_, expected, work) => {
    const { reservedBytes } = addon.memory();
    for (let i = 0; i < 3; i++) {
      expect(() =>
        record(() => {
          random([1000]); // torch's generator and its allocator take part
          work();
        }),
      ).toThrow(code(expected));
      expect(numbers(call("aten::neg", float1))).toEqual([-1]);
      expect(numbers(random([2])).every((value) => value >= 0 && value < 1)).toBe(true);
    }
    const { graph, result } = record(() => call("aten::neg", float1));
    addon.replay(graph);
    expect(numbers(result)).toEqual([-1]);
    addon.freeGraph(graph);
    addon.emptyCache();
    expect(addon.memory().reservedBytes).toBeLessThanOrEqual(reservedBytes + 64 * 2 ** 20);
  });

  it("lets earlier read-backs finish while a recording goes on", async () => {
    const pending = addon.downloadAsync(random([1_000_000]));
    const { graph } = record(() => call("aten::neg", float1));
    expect(await pending).toHaveLength(1_000_000);
    addon.freeGraph(graph);
  });
});

const float1: Handle = addon.info().cuda ? float([1]) : 0;
