import { EngineError } from "../errors.js";
import type { Engine, EngineDescription } from "./engine.js";

/** Which engine is in use: what the library's layers, optimisers and sources of noise ask. `index.ts` sets it. */
interface Running {
  engine: Engine;
  description: EngineDescription;
}

let running: Running | undefined;
let changes = 0;
let replacements = 0;
/** How many trainings want results that repeat to the bit. */
let deterministicRuns = 0;

/**
 * The engine in use.
 *
 * @throws EngineError `ERR_ENGINE_NOT_IN_USE` before the first `engine.use()`
 */
export function currentEngine(): Engine {
  return currentRun().engine;
}

/** The engine in use and how it was started. Throws like `currentEngine`. */
export function currentRun(): Running {
  if (running) return running;
  throw new EngineError(
    "ERR_ENGINE_NOT_IN_USE",
    'No engine is in use yet. Call `await engine.use("auto")` first.',
    'await engine.use("auto")',
  );
}

export function isAnyInUse(): boolean {
  return running !== undefined;
}

/** How often another engine, or one with other options, has come into use: state made before that has to move. */
export function engineChanges(): number {
  return changes;
}

/** @param isChange whether the engine was started anew for it, or another one was in use */
export function setCurrentRun(next: Running, isChange: boolean): void {
  running = next;
  next.engine.setDeterministic(deterministicRuns > 0);
  if (isChange) changes += 1;
}

/**
 * Results repeat to the bit from now on, as far as the engine in use can, and every other one that comes into use.
 *
 * @returns what ends that; where several have asked, the last one ends it
 */
export function beginDeterminism(): () => void {
  const change = (by: 1 | -1) => {
    deterministicRuns += by;
    currentEngine().setDeterministic(deterministicRuns > 0);
  };
  change(1);
  return () => change(-1);
}

/** The state of an optimiser or of a source of noise was replaced: recorded steps that use the old one are void. */
export function noteReplacedState(): void {
  replacements += 1;
}

/** Changes whenever a step that was recorded before must not be replayed any more. */
export function recordingVersion(): number {
  return changes + replacements;
}
