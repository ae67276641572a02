import { runtime } from "./runtime.js";

/** See `Engine.setDeterministic`. Steps that were recorded before keep their algorithms. */
export function setDeterministic(on: boolean): void {
  runtime.deterministic = on;
  applyDeterminism();
}

/** Called when the device has changed, too. */
export function applyDeterminism(): void {
  runtime.addon.setDeterministic(avoidsChance());
}

/** See `Engine.isDeterministic`. */
export function isDeterministic(): boolean {
  return runtime.deterministic || runtime.device === "cpu";
}

/** Whether fast algorithms are to be given up: on the CPU results always repeat. */
export function avoidsChance(): boolean {
  return runtime.deterministic && runtime.device === "cuda";
}
