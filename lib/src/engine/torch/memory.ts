import type { EngineMemory } from "../engine.js";
import { backend } from "./gradients.js";
import { runtime } from "./runtime.js";

/** See `Engine.memory`. */
export function memory(): EngineMemory {
  const { addon, device } = runtime;
  const tensors = addon.handleCount();
  if (device === "cpu")
    return { tensors, bytes: backend().bytes, peakBytes: undefined, reservedBytes: undefined };
  const { allocatedBytes: bytes, peakBytes, reservedBytes } = addon.memory();
  return { tensors, bytes, peakBytes, reservedBytes };
}
