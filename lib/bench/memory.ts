import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import vm from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { type DeviceName, type EngineName, engine } from "../src/index.js";
import { describeCommand } from "./command.js";
import type { MemoryReport, Sample } from "./memory-report.js";
import { catalogue, createModel, describeModel, type ModelName } from "./models/catalogue.js";
import { type Mode, startTraining } from "./training.js";

export const memoryUsage = `npm run bench -- memory [OPTIONS]     whether memory stays flat in a long training
  --engine NAME  --device cpu|cuda  --mode plain|compiled  --model NAME (default D-small)  --steps N (default 10000)
  --out FILE     JSON with all samples`;

const samples = 20;
/** Allocators keep some slack; a leak of one small tensor a step would show more in 10,000 steps. */
const toleratedGrowth = 0.05;

/** `npm run bench -- memory`: trains for long and watches tensors, handles and resident memory. */
export async function benchMemory(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const options = { engine: text, device: text, mode: text, model: text, steps: text, out: text };
  const { values } = parseArgs({ args, options });
  const name = (values.model ?? "D-small") as ModelName;
  if (!(name in catalogue)) throw new Error(`There is no model "${name}".\n${memoryUsage}`);
  const steps = Number(values.steps ?? 10_000);
  const description = await engine.use((values.engine ?? "auto") as "auto" | EngineName, {
    device: (values.device ?? "auto") as DeviceName,
  });
  const mode = (values.mode ?? "plain") as Mode;
  console.log(`${name}, ${mode}, ${steps} steps with ${description.name} on ${description.device}`);
  const training = startTraining(createModel(describeModel(name, catalogue[name].batch.cpu)), mode);

  const taken: Sample[] = [];
  const blockSteps = Math.max(1, Math.round(steps / samples));
  for (let step = blockSteps; step <= steps; step += blockSteps) {
    const loss = await training.run(blockSteps);
    taken.push(takeSample(step, loss));
    const { tensors, engineTensors, engineBytes, residentBytes } = taken.at(-1) as Sample;
    console.log(
      `  step ${step}: ${tensors} tensors, the engine's ${engineTensors} (${mebibytes(engineBytes)}), resident ${mebibytes(residentBytes)}, loss ${loss.toPrecision(5)}`,
    );
  }
  const findings = findGrowth(taken);
  console.log(findings.length === 0 ? "flat" : `not flat: ${findings.join("; ")}`);
  const report: MemoryReport = {
    benchmark: "memory",
    date: new Date().toISOString(),
    command: describeCommand("memory", args),
    description,
    findings,
    samples: taken,
  };
  if (values.out) writeFileSync(path.resolve(values.out), `${JSON.stringify(report, undefined, 1)}\n`);
  if (findings.length > 0) process.exitCode = 1;
}

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

function takeSample(step: number, loss: number): Sample {
  // What V8 has not yet looked at goes up and down by a fifth of a small process.
  collectGarbage();
  const { tensors, bytes, reservedBytes } = engine.memory();
  return {
    step,
    tensors: tf.memory().numTensors,
    engineTensors: tensors,
    engineBytes: bytes,
    reservedBytes,
    residentBytes: process.memoryUsage.rss(),
    loss,
  };
}

/** Counts have to be the same in every sample; resident memory may not be higher at the end than in the second quarter. */
function findGrowth(taken: Sample[]): string[] {
  const findings: string[] = [];
  for (const key of ["tensors", "engineTensors", "engineBytes"] as const) {
    const values = new Set(taken.map((sample) => sample[key]));
    if (values.size > 1) findings.push(`${key} went from ${taken[0]?.[key]} to ${taken.at(-1)?.[key]}`);
  }
  const quarter = Math.floor(taken.length / 4);
  const mean = (part: Sample[]) =>
    part.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / part.length;
  const early = mean(taken.slice(quarter, 2 * quarter));
  const late = mean(taken.slice(-quarter));
  if (late > early * (1 + toleratedGrowth))
    findings.push(`resident memory went from ${mebibytes(early)} to ${mebibytes(late)}`);
  return findings;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
