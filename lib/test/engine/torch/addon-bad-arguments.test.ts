import { describe, expect, it } from "vitest";
import { ScalarType } from "../../../src/engine/torch/addon.js";
import { addon, call, code, float, numbers } from "./addon-on-cpu.js";

describe("bad arguments", () => {
  const detached = new Float32Array(4);
  structuredClone(detached, { transfer: [detached.buffer] });
  const add = addon.op("aten::add", "Tensor");
  const tensor = float([1, 2, 3, 4], [2, 2]);
  const oddities: unknown[] = [
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0.5,
    2 ** 31,
    2 ** 53,
    2 ** 60,
    "cpu",
    "",
    true,
    {},
    [],
    [[]],
    [null],
    [Number.NaN],
    [1e300],
    () => {},
    Symbol("odd"),
    10n,
    new Float32Array(2),
    new Float64Array(2),
    new BigInt64Array(1),
    detached,
    new Proxy([], {
      get() {
        throw new Error("a getter that throws");
      },
    }),
  ];
  type Loose = Record<string, (...args: unknown[]) => unknown>;
  const loose = addon as unknown as Loose;

  it.each([
    ["call", [Number.NaN], /no operator with the number nan/],
    ["call", [1e9], /no operator/],
    ["call", [], /operator's number/],
    ["call", [add], /argument "self" is missing/],
    ["call", [add, tensor, tensor, 1, 1], /takes 3 arguments and was given 4/],
    ["call", [add, ...Array(100).fill(tensor)], /101 arguments/],
    ["call", [add, "x", tensor], /argument "self": A number was expected/],
    ["call", [add, 12345, tensor], /never been a tensor with the handle 12345/],
    ["call", [addon.op("aten::ones", ""), [2], 99], /argument "dtype": There is no type 99/],
    ["call", [addon.op("aten::ones", ""), [-2]], /negative dimension/],
    ["call", [addon.op("aten::ones", ""), [2 ** 40, 2 ** 40]], /overflow/],
    ["call", [addon.op("aten::ones", ""), [2], null, null, "moon"], /moon|device/],
    ["call", [add, tensor, float([1, 2, 3])], /size of tensor/],
    ["upload", [new Float32Array(4), [5], "cpu", 6], /has 5 elements, and the data has 4/],
    ["upload", [new Float32Array(4), [-4], "cpu", 6], /no tensor of shape \[-4\]/],
    ["upload", [new Float32Array(4), [2 ** 52, 2 ** 52], "cpu", 6], /no tensor of shape/],
    ["upload", [detached, [4], "cpu", 6], /the data has 0/],
    ["upload", [new Float64Array(4), [4], "cpu", 6], /Float32Array, Int32Array or Uint8Array/],
    ["upload", [[1], [1], "cpu", 6], /typed array was expected/],
    ["upload", [new Float32Array(4), [4], "moon", 6], /no device "moon"/],
    ["upload", [new Float32Array(4), [4], "cpu", 77], /no type 77/],
    ["gradients", [tensor, [tensor, 77], false], /handle 77/],
    ["autocast", ["cpu", ScalarType.int32], /not int32/],
    ["setThreads", [0], /from 1 to 4096/],
    ["setThreads", [2 ** 40], /from 1 to 4096/],
    ["replay", [1], /./],
    ["captureEnd", [1], /./],
    ["freeGraph", [1], /./],
  ] as const)("of %s are refused: %j", (method, args, message) => {
    expect(() => loose[method]?.(...args)).toThrow(code("ERR_TORCH", message));
  });

  it("of any kind, in any place, never end the process", () => {
    const examples: Record<string, unknown[]> = {
      op: ["aten::add", "Tensor"],
      schema: [add],
      call: [add, tensor, tensor, 1],
      upload: [new Float32Array(4), [2, 2], "cpu", 6],
      download: [tensor],
      downloadAsync: [tensor],
      shape: [tensor],
      type: [tensor],
      device: [tensor],
      alias: [tensor],
      detach: [tensor],
      free: [[float([1])]],
      describe: [tensor],
      recordGradients: [false],
      requireGradient: [float([1])],
      gradients: [tensor, [tensor], false],
      autocast: ["cpu", null],
      setTf32: [false],
      captureEnd: [1],
      captureAbort: [1],
      replay: [1],
      freeGraph: [1],
    };
    const { threads } = addon.info();
    for (const [method, example] of Object.entries(examples)) {
      for (const oddity of oddities) {
        for (let place = 0; place <= example.length; place++) {
          const args = [...example];
          args[place] = oddity;
          try {
            void Promise.resolve(loose[method]?.(...args)).catch(() => {});
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }
    }
    addon.autocast("cpu", null);
    addon.recordGradients(false);
    expect(addon.info().threads).toBe(threads);
    expect(numbers(call("aten::add.Tensor", tensor, tensor))).toEqual([2, 4, 6, 8]);
  });
});
