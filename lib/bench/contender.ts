import process from "node:process";
import type { DeviceName, EngineName, Precision } from "../src/index.js";
import type { ModelDescription } from "./models/model.js";
import { Peer } from "./peer.js";
import { type Measurement, median } from "./report.js";
import type { Mode } from "./training.js";
import type { Prepared, RunResult } from "./worker.js";

/** PyTorch's answer to "prepare". */
interface ReferencePrepared {
  losses: number[];
  peakBytes?: number;
}

/** Someone who takes part in the rounds. */
export interface Contender {
  measurement: Measurement;
  run(steps: number): Promise<RunResult>;
}

/** What all contenders of one comparison have in common. */
export interface Task {
  model: ModelDescription;
  device: "cpu" | "cuda";
  precision: Precision;
  threads: number;
  /** First steps whose losses are compared. */
  losses: number;
}

const prepareLimitMs = 180_000;
const runLimitMs = 300_000;

/** The same number of threads for everybody: OpenMP's (libtorch's) and TensorFlow's. */
export function threadSettings(threads: number): Record<string, string> {
  return {
    OMP_NUM_THREADS: `${threads}`,
    MKL_NUM_THREADS: `${threads}`,
    TF_NUM_INTRAOP_THREADS: `${threads}`,
    TF_NUM_INTEROP_THREADS: "1",
  };
}

/** Starts one of our engines in a process of its own, at the model's start. */
export async function prepareEngine(
  task: Task,
  engine: EngineName,
  mode: Mode,
  dataFolder: string | undefined,
): Promise<{ contender: Contender; prepared: Prepared; peer: Peer }> {
  const [script] = process.argv.slice(1) as [string];
  const peer = new Peer(process.execPath, [script, "worker"], threadSettings(task.threads));
  const { device, precision, model, losses } = task;
  const request = {
    command: "prepare",
    engine,
    device: device as DeviceName,
    precision,
    model,
    mode,
    losses,
    dataFolder,
  };
  try {
    const prepared = await peer.ask<Prepared>(request, prepareLimitMs);
    const { firstStepMs, startMs, captured } = prepared;
    const measurement: Measurement = {
      name: engine,
      mode,
      losses: prepared.losses,
      firstStepMs,
      startMs,
      captured,
    };
    const run = (steps: number) => peer.ask<RunResult>({ command: "run", steps }, runLimitMs);
    return { contender: { measurement, run }, prepared, peer };
  } catch (error) {
    await peer.stop();
    throw error;
  }
}

/**
 * Prepares one of PyTorch's variants, with the faster of its two memory formats; torch.compile picks formats itself.
 *
 * @param data JSON file with the start values
 */
export async function prepareReference(
  peer: Peer,
  task: Task,
  variant: string,
  data: string,
  limitMs: number,
): Promise<Contender> {
  const formats = variant === "eager" || variant === "graph" ? [false, true] : [true];
  let best: { contender: Contender; ms: number; id: string } | undefined;
  for (const channelsLast of formats) {
    const id = `${variant}-${channelsLast}`;
    const request = { command: "prepare", id, variant, channelsLast, data, ...task };
    const { losses, peakBytes } = await peer.ask<ReferencePrepared>(request, limitMs);
    const run = (steps: number) => peer.ask<RunResult>({ command: "run", id, steps }, runLimitMs);
    const trials = [await run(3), await run(3)].map(({ ms }) => ms);
    const ms = Math.min(...trials);
    const measurement: Measurement = { name: "pytorch", mode: variant, losses, peakBytes, channelsLast };
    const loser = best && best.ms <= ms ? id : best?.id;
    if (loser) await peer.ask({ command: "drop", id: loser }, runLimitMs);
    if (!best || ms < best.ms) best = { contender: { measurement, run }, ms, id };
  }
  return (best as { contender: Contender }).contender;
}

/** Takes rounds in turn, each of about `roundMs`, and notes the times. */
export async function interleave(contenders: Contender[], rounds: number, roundMs: number): Promise<void> {
  for (const contender of contenders) {
    const { ms } = await contender.run(3);
    contender.measurement.stepsPerRound = Math.max(2, Math.min(500, Math.round(roundMs / ms)));
    contender.measurement.rounds = [];
  }
  for (let round = 0; round < rounds; round++) {
    for (const { measurement, run } of contenders) {
      const { ms, peakBytes } = await run(measurement.stepsPerRound as number);
      measurement.rounds?.push(ms);
      if (peakBytes) measurement.peakBytes = peakBytes;
    }
  }
  for (const { measurement } of contenders) measurement.ms = median(measurement.rounds as number[]);
}
