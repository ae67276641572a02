import { beforeAll, describe, expect, it } from "vitest";
import { type Addon, type Handle, ScalarType } from "../../src/engine/torch/addon.js";
import { loadAddon } from "../../src/engine/torch/load-addon.js";
import { createRandom } from "../../src/index.js";

const addon: Addon = loadAddon();
const hasGpu = addon.info().cuda !== undefined;

/** Our operators' GPU kernels against their CPU versions, which are made of torch's operators. */
describe.runIf(hasGpu)("on a GPU", () => {
  let groupNorm: number;

  beforeAll(() => {
    groupNorm = addon.op("latentlab::group_norm", "");
  });

  interface Result {
    output: Float32Array;
    gradients: Float32Array[];
  }

  function normalise(device: string, type: number, values: Values, silu: boolean): Result {
    const { shape, groups } = values;
    const channels = [shape[1] as number];
    const before = addon.recordGradients(false);
    const upload = (data: Float32Array, size: number[], as: number) => addon.upload(data, size, device, as);
    const x = upload(values.x, shape, type);
    const weight = upload(values.weight, channels, ScalarType.float32);
    const bias = upload(values.bias, channels, ScalarType.float32);
    const toward = upload(values.dy, shape, ScalarType.float32);
    const inputs = [x, weight, bias];
    for (const input of inputs) addon.requireGradient(input);
    addon.recordGradients(true);
    const output = addon.call(groupNorm, x, groups, weight, bias, 1e-6, silu) as Handle;
    const weighted = addon.call(addon.op("aten::mul", "Tensor"), output, toward) as Handle;
    const loss = addon.call(addon.op("aten::sum", ""), weighted) as Handle;
    const gradients = addon.gradients(loss, inputs, false);
    addon.recordGradients(before);
    const result = {
      output: addon.download(output) as Float32Array,
      gradients: gradients.map((gradient) => addon.download(gradient) as Float32Array),
    };
    addon.free([...inputs, toward, output, weighted, loss, ...gradients]);
    return result;
  }

  const cases = [
    { shape: [8, 128, 64, 64], groups: 32, mean: 0 },
    { shape: [2, 512, 32, 32], groups: 32, mean: 5 },
    { shape: [3, 64, 7, 5], groups: 16, mean: 0 },
    { shape: [1, 96, 9, 9], groups: 8, mean: 30 },
    { shape: [2, 1024, 3, 3], groups: 32, mean: 0 },
    // Channels that do not fill 16 bytes: torch's own operators do these.
    { shape: [2, 6, 5, 5], groups: 3, mean: 0 },
  ];
  const types = [
    { type: "float32", tolerance: 1e-4 },
    { type: "bfloat16", tolerance: 1e-2 },
  ] as const;

  describe.each(types)("group norm in $type", ({ type, tolerance }) => {
    it.each(cases)("of $shape in $groups groups, mean $mean", ({ shape, groups, mean }) => {
      for (const silu of [false, true]) {
        const values = draw(shape, groups, mean);
        const expected = normalise("cpu", ScalarType.float32, values, silu);
        const actual = normalise("cuda", ScalarType[type], values, silu);
        expect(distance(actual.output, expected.output)).toBeLessThan(tolerance);
        for (const [index, gradient] of actual.gradients.entries()) {
          expect(distance(gradient, expected.gradients[index] as Float32Array)).toBeLessThan(tolerance);
        }
      }
    });
  });

  it("gives the same bits every time", () => {
    const values = draw([4, 64, 33, 31], 16, 1);
    const [first, second] = [0, 1].map(() => normalise("cuda", ScalarType.bfloat16, values, true));
    expect(second).toEqual(first);
  });

  describe.each(types)("upsampling in $type", ({ type, tolerance }) => {
    it.each([
      { shape: [8, 64, 16, 16], factor: 2 },
      { shape: [2, 24, 5, 7], factor: 3 },
      // Channels that do not fill 16 bytes: torch's own operators do these.
      { shape: [2, 3, 4, 4], factor: 2 },
    ])("of $shape by $factor", ({ shape, factor }) => {
      const { x, dy } = draw(shape, 1, 0);
      const expected = upsample("cpu", ScalarType.float32, x, dy, shape, factor);
      const actual = upsample("cuda", ScalarType[type], x, dy, shape, factor);
      for (const name of ["output", "gradient", "second"] as const)
        expect(distance(actual[name], expected[name]), name).toBeLessThan(tolerance);
    });
  });

  /** Also the gradient of the gradient's squares, for gradient penalties. */
  function upsample(
    device: string,
    type: number,
    x: Float32Array,
    dy: Float32Array,
    shape: number[],
    factor: number,
  ) {
    const before = addon.recordGradients(false);
    const input = addon.upload(x, shape, device, type);
    addon.requireGradient(input);
    addon.recordGradients(true);
    const call = (name: string, overload: string, ...args: (Handle | number | number[])[]) =>
      addon.call(addon.op(name, overload), ...args) as Handle;
    const output = call("latentlab::upsample_nearest", "", input, factor);
    const weights = addon.upload(repeat(dy, output), addon.shape(output), device, ScalarType.float32);
    const squares = call("aten::mul", "Tensor", call("aten::mul", "Tensor", output, output), weights);
    const loss = call("aten::sum", "", squares);
    const [recorded] = addon.gradients(loss, [input], true) as [Handle];
    const penalty = call("aten::sum", "", call("aten::mul", "Tensor", recorded, recorded));
    const [second] = addon.gradients(penalty, [input], false) as [Handle];
    const again = call(
      "aten::sum",
      "",
      call("aten::mul", "Tensor", call("latentlab::upsample_nearest", "", input, factor), weights),
    );
    const [gradient] = addon.gradients(again, [input], false) as [Handle];
    addon.recordGradients(before);
    const read = (handle: Handle) => addon.download(handle) as Float32Array;
    return { output: read(output), gradient: read(gradient), second: read(second) };
  }

  const repeat = (values: Float32Array, like: Handle) =>
    new Float32Array(addon.shape(like).reduce((product, length) => product * length, 1)).map(
      (_, index) => values[index % values.length] as number,
    );

  it.each(["philox_normal", "philox_uniform"])("%s draws the CPU's numbers and moves on as far", (name) => {
    const generate = addon.op(`latentlab::${name}`, "");
    const results = ["cpu", "cuda"].map((device) => {
      const counter = addon.call(
        addon.op("aten::full", ""),
        [1],
        2 ** 40,
        ScalarType.int64,
        null,
        device,
      ) as Handle;
      const numbers = addon.call(generate, counter, 2 ** 52 + 1, [1000, 1003]) as Handle;
      const moved = addon.call(addon.op("aten::sub", "Scalar"), counter, 2 ** 40) as Handle;
      const result = { numbers: addon.download(numbers) as Float32Array, moved: addon.download(moved)[0] };
      addon.free([counter, numbers, moved]);
      return result;
    });
    const [cpu, gpu] = results as [(typeof results)[number], (typeof results)[number]];
    expect(gpu.moved).toBe(Math.ceil(1_003_000 / 4));
    expect(gpu.moved).toBe(cpu.moved);
    const difference = gpu.numbers.map((value, index) => Math.abs(value - (cpu.numbers[index] as number)));
    expect(difference.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(2e-6);
  });
});

interface Values {
  shape: number[];
  groups: number;
  x: Float32Array;
  dy: Float32Array;
  weight: Float32Array;
  bias: Float32Array;
}

function draw(shape: number[], groups: number, mean: number): Values {
  const random = createRandom(3);
  const normal = (count: number) => random.fillNormal(new Float32Array(count));
  const size = shape.reduce((product, length) => product * length, 1);
  const channels = shape[1] as number;
  const x = normal(size).map((value) => value + mean);
  // Rounded to bfloat16 in advance, so that both types see the same input.
  new Uint32Array(x.buffer).forEach((bits, index, all) => {
    all[index] = bits & 0xffff0000;
  });
  return { shape, groups, x, dy: normal(size), weight: normal(channels), bias: normal(channels) };
}

function distance(actual: Float32Array, expected: Float32Array): number {
  let [error, length] = [0, 0];
  for (const [index, value] of expected.entries()) {
    error += ((actual[index] as number) - value) ** 2;
    length += value ** 2;
  }
  return actual.length === expected.length ? Math.sqrt(error / length) : Number.NaN;
}
