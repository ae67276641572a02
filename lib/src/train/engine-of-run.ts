import { currentRun } from "../engine/current.js";
import type { EngineDescription } from "../engine/engine.js";

export interface EngineOfRun extends Pick<EngineDescription, "name" | "version" | "device" | "precision"> {
  /** Whether the same steps give the same bits there. */
  deterministic: boolean;
}

/** On what the numbers are made: with another one of these they are not the same to the bit. */
export function describeEngine(): EngineOfRun {
  const { engine, description } = currentRun();
  const { name, version, device, precision } = description;
  return { name, version, device, precision, deterministic: engine.isDeterministic() };
}

/** Going on elsewhere is allowed, but not silently: the losses will not be those that the training would have had. */
export function warnOfOtherEngine(folder: string, before: EngineOfRun): void {
  const now = describeEngine();
  if (say(now) === say(before)) return;
  const message = `The training in ${folder} was on ${say(before)} and goes on on ${say(now)}: its losses will not be the same to the bit.`;
  process.emitWarning(message, { code: "LATENTLAB_OTHER_ENGINE" });
}

function say({ name, version, device, precision, deterministic }: EngineOfRun): string {
  return `${name} ${version}, ${device}, ${precision}, ${deterministic ? "deterministic" : "not deterministic"}`;
}
