import type { Parameters } from "../nn/parameters.js";

/** Every variable once, under the first of its names: tied weights are one parameter, as in PyTorch. */
export function withoutAliases(parameters: Parameters): Parameters {
  const seen = new Set();
  return Object.fromEntries(
    Object.entries(parameters).filter(([, variable]) => !seen.has(variable) && seen.add(variable)),
  );
}
