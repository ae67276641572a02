import { describe, expect, it } from "vitest";
import { castBytes, joinBuffers, splitBuffers } from "../src/widget/buffers.js";

describe("splitBuffers and joinBuffers", () => {
  const [first, second, third] = [new Float32Array([1]), new Uint8Array([2]), new ArrayBuffer(3)];
  const state = {
    plain: 1,
    top: first,
    list: [{ deep: second }, third, "x"],
    nothing: null,
    date: new Date(0),
  };

  it("take buffers out of a state, wherever they are", () => {
    const split = splitBuffers(state);
    expect(split.state).toEqual({ plain: 1, list: [{}, null, "x"], nothing: null, date: new Date(0) });
    expect(split.bufferPaths).toEqual([["top"], ["list", 0, "deep"], ["list", 1]]);
    expect(split.buffers).toEqual([first, second, third]);
  });

  it("leave the state that they read as it was", () => {
    const inner = { bytes: second };
    splitBuffers({ inner });
    expect(inner.bytes).toBe(second);
  });

  it("are inverse to each other", () => {
    const split = splitBuffers(state);
    joinBuffers(split.state, split.bufferPaths, split.buffers);
    expect(split.state).toEqual(state);
  });

  it("ignore paths that lead nowhere, or into prototypes", () => {
    const target: Record<string, unknown> = { number: 3 };
    joinBuffers(
      target,
      [["missing", "x"], ["number", "x"], [], ["__proto__", "polluted"], ["__proto__"]],
      [1, 2, 3, 4, 5],
    );
    expect(target).toEqual({ number: 3 });
    expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("castBytes", () => {
  const bytes = new Uint8Array(new Float32Array([0.5, -1]).buffer);

  it("gives bytes the type of what they replace, also where they are not aligned", () => {
    expect(castBytes(bytes, new Float32Array(9))).toEqual(new Float32Array([0.5, -1]));
    const shifted = new Uint8Array([99, ...bytes]).subarray(1);
    expect(castBytes(shifted, new Float32Array(9))).toEqual(new Float32Array([0.5, -1]));
  });

  it("leaves them bytes where that does not fit", () => {
    expect(castBytes(bytes, "text")).toBe(bytes);
    expect(castBytes(bytes.subarray(1), new Float32Array(2))).toEqual(bytes.subarray(1));
    expect(castBytes(7, new Float32Array(2))).toBe(7);
  });
});
