import { expect } from "vitest";
import type { Handle, OperatorArgument, OperatorResult } from "../../../src/engine/torch/addon.js";
import { ScalarType } from "../../../src/engine/torch/addon.js";
import { loadAddon } from "../../../src/engine/torch/load-addon.js";

/** Short names for the addon's tests. */
export const addon = loadAddon();
export const float = (values: number[], shape = [values.length]): Handle =>
  addon.upload(new Float32Array(values), shape, "cpu", ScalarType.float32);
export const callFor = <Result extends OperatorResult>(
  signature: string,
  ...args: OperatorArgument[]
): Result => {
  const [name = "", overload = ""] = signature.split(".");
  return addon.call(addon.op(name, overload), ...args) as Result;
};
export const call = (signature: string, ...args: OperatorArgument[]) => callFor<Handle>(signature, ...args);
export const numbers = (tensor: unknown): number[] => Array.from(addon.download(tensor as Handle));
export const code = (expected: string, message: RegExp = /./) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });
