import process from "node:process";
import readline from "node:readline";
import { runtime } from "../src/engine/torch/runtime.js";
import { type DeviceName, type EngineName, engine, type Precision } from "../src/index.js";
import { writeModelData } from "./exchange.js";
import { createModel } from "./models/catalogue.js";
import type { ModelDescription } from "./models/model.js";
import { type Mode, startTraining, type Training } from "./training.js";

/** What `reference.py` is for PyTorch: takes steps with one of our engines, in a process of its own, on demand. */
export interface PrepareRequest {
  command: "prepare";
  engine: EngineName;
  device: DeviceName;
  precision: Precision;
  model: ModelDescription;
  mode: Mode;
  /** Number of first steps whose losses are returned. */
  losses: number;
  /** Folder to write the start values and inputs to, for PyTorch. */
  dataFolder?: string;
}

export interface Prepared {
  description: { version: string; device: string; precision: string };
  parameters: number;
  losses: number[];
  captured: boolean;
  /** The JSON file of `writeModelData`. */
  data?: string;
  /** From the call of `engine.use` to the end of the first step, without making the model's start values. */
  firstStepMs: number;
  /** Of that, `engine.use` alone. */
  startMs: number;
}

/** A compiled step is recorded at its third call. */
const stepsBeforeRecording = 2;

let training: Training | undefined;

async function prepare(request: PrepareRequest): Promise<Prepared> {
  const startedAt = performance.now();
  const { version, device, precision } = await engine.use(request.engine, {
    device: request.device,
    precision: request.precision,
  });
  const startMs = performance.now() - startedAt;
  const model = createModel(request.model);
  const data = request.dataFolder ? writeModelData(request.dataFolder, model) : undefined;

  const firstStepAt = performance.now();
  training = startTraining(model, request.mode);
  const losses = [await training.run(1)];
  const firstStepMs = startMs + performance.now() - firstStepAt;
  while (losses.length < request.losses) {
    // The step's own peak, as PyTorch's has it: cuDNN's trials of algorithms are over, recording has not begun.
    if (engine.describe().name === "torch" && losses.length === stepsBeforeRecording)
      runtime.addon.resetPeak();
    losses.push(await training.run(1));
  }
  const parameters = Object.values(model.parameters).reduce((sum, { size }) => sum + size, 0);
  const description = { version, device, precision };
  return { description, parameters, losses, captured: training.captured(), data, firstStepMs, startMs };
}

export interface RunRequest {
  command: "run";
  steps: number;
}

export interface RunResult {
  /** Milliseconds a step. */
  ms: number;
  loss: number;
  peakBytes?: number;
}

async function run({ steps }: RunRequest): Promise<RunResult> {
  if (!training) throw new Error('"prepare" comes before "run".');
  const startedAt = performance.now();
  const loss = await training.run(steps);
  const ms = (performance.now() - startedAt) / steps;
  return { ms, loss, peakBytes: engine.memory().peakBytes };
}

/** Answers requests, one JSON object a line, until standard input ends. */
export async function serve(): Promise<void> {
  await answerRequests((request: PrepareRequest | RunRequest) =>
    request.command === "prepare" ? prepare(request) : run(request),
  );
}

export async function answerRequests<Request>(answerOf: (request: Request) => Promise<unknown>) {
  const answers = process.stdout.write.bind(process.stdout);
  // Libraries may print; only answers go to standard output.
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer: unknown;
    try {
      answer = await answerOf(JSON.parse(line) as Request);
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    answers(`${JSON.stringify(answer)}\n`);
  }
}
