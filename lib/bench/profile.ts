import { createRequire } from "node:module";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Addon, OperatorArgument } from "../src/engine/torch/addon.js";
import { runtime } from "../src/engine/torch/runtime.js";
import { type DeviceName, engine, type Precision } from "../src/index.js";
import { temporaryFolder, writeModelData } from "./exchange.js";
import { catalogue, createModel, describeModel, type ModelName } from "./models/catalogue.js";
import { referenceScript } from "./paths.js";
import { Peer } from "./peer.js";
import { type Mode, startTraining, type Training } from "./training.js";

export const profileUsage = `npm run bench -- profile [OPTIONS]    where the torch engine's time goes
  --model S|L|D  --device cpu|cuda  --precision float32|tf32|bfloat16  --batch N
  --mode plain|compiled     default: plain; kernels are also recorded of compiled steps
  --pytorch eager,compile   the same of PyTorch's variants, with the Python that LATENTLAB_PYTHON_TORCH names
  --rows N                  length of the tables, default 40`;

const steps = 5;

/** What the addon of `native/profiler.cc` sums up. */
interface KernelSum {
  name: string;
  device: "cpu" | "cuda";
  count: number;
  ns: number;
}

interface Sum {
  count: number;
  ms: number;
}

/** `npm run bench -- profile`: calls of the addon and kernels of the GPU, for one step. */
export async function profile(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const options = {
    model: text,
    device: text,
    precision: text,
    batch: text,
    mode: text,
    pytorch: text,
    rows: text,
  };
  const { values } = parseArgs({ args, options });
  const name = (values.model ?? "S") as ModelName;
  const rows = Number(values.rows ?? 40);
  if (!(name in catalogue)) throw new Error(`There is no model "${name}".\n${profileUsage}`);
  const description = await engine.use("torch", {
    device: (values.device ?? "auto") as DeviceName,
    ...(values.precision && { precision: values.precision as Precision }),
  });
  const batch = Number(values.batch ?? catalogue[name].batch[runtime.device]);
  const mode = (values.mode ?? "plain") as Mode;
  console.log(`${name}, batch ${batch}, ${mode}, ${description.precision} on ${description.device}`);
  const model = createModel(describeModel(name, batch));
  const { folder, remove } = temporaryFolder();
  const data = values.pytorch && writeModelData(folder, model);
  const training = startTraining(model, mode);
  await training.run(10);
  console.log(`a step: ${(await timeSteps(training)).toFixed(3)} ms`);

  if (mode === "plain") {
    printSums("calls of the addon, a step (issue time)", await sumCalls(training, false), rows);
    printSums("the same, each call waiting for the device", await sumCalls(training, true), rows);
  }
  const profiler = process.env.LATENTLAB_PROFILER;
  if (profiler) printSums("kernels, a step", await sumKernels(training, profiler), rows);
  else console.log("\nKernels of the GPU are recorded by the headless pack's `bench profile`.");
  training.dispose();

  for (const variant of data ? (values.pytorch ?? "").split(",") : []) {
    const task = {
      model: describeModel(name, batch),
      device: runtime.device,
      precision: description.precision,
    };
    printSums(`PyTorch ${variant}: kernels, a step`, await sumReference(variant, { ...task, data }), rows);
  }
  remove();
}

async function sumReference(variant: string, task: object): Promise<Map<string, Sum>> {
  const peer = new Peer(process.env.LATENTLAB_PYTHON_TORCH ?? "python3", [referenceScript()]);
  const limitMs = 300_000;
  try {
    const request = { command: "prepare", id: variant, variant, channelsLast: true, ...task };
    await peer.ask(request, limitMs);
    const { ms } = await peer.ask<{ ms: number }>({ command: "run", id: variant, steps }, limitMs);
    console.log(`\nPyTorch ${variant}, channels last: a step ${ms.toFixed(3)} ms`);
    type Answer = { kernels: { name: string; count: number; ms: number }[] };
    const { kernels } = await peer.ask<Answer>({ command: "profile", id: variant, steps }, limitMs);
    return new Map(kernels.map(({ name, count, ms }) => [name, { count, ms }]));
  } finally {
    await peer.stop();
  }
}

async function timeSteps(training: Training): Promise<number> {
  const startedAt = performance.now();
  await training.run(steps);
  return (performance.now() - startedAt) / steps;
}

/** Calls and milliseconds by operator, for one step; `waiting` for the device after each makes the times the device's. */
async function sumCalls(training: Training, waiting: boolean): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>();
  const original = runtime.addon;
  const names = new Map<number, string>();
  const nameOf = (operator: number) => {
    const known = names.get(operator) ?? original.schema(operator).split("(")[0] ?? "";
    names.set(operator, known);
    return known;
  };
  runtime.addon = new Proxy(original, {
    get(target, property) {
      const value = target[property as keyof Addon];
      return (...args: OperatorArgument[]) => {
        const name = property === "call" ? nameOf(args[0] as number) : `(${String(property)})`;
        const startedAt = performance.now();
        const result = (value as (...args: unknown[]) => unknown).apply(target, args);
        if (waiting) target.synchronize();
        const sum = sums.get(name) ?? { count: 0, ms: 0 };
        sums.set(name, {
          count: sum.count + 1 / steps,
          ms: sum.ms + (performance.now() - startedAt) / steps,
        });
        return result;
      };
    },
  });
  try {
    await training.run(steps);
  } finally {
    runtime.addon = original;
  }
  return sums;
}

async function sumKernels(training: Training, profiler: string): Promise<Map<string, Sum>> {
  const addon = createRequire(import.meta.url)(profiler) as { start(): void; stop(): KernelSum[] };
  addon.start();
  await training.run(steps);
  const all = addon.stop();
  const kernels = all.some(({ device }) => device === "cuda")
    ? all.filter(({ device }) => device === "cuda")
    : all;
  return new Map(
    kernels.map(({ name, count, ns }) => [name, { count: count / steps, ms: ns / 1e6 / steps }]),
  );
}

function printSums(title: string, sums: Map<string, Sum>, rows: number): void {
  const sorted = [...sums].sort(([, a], [, b]) => b.ms - a.ms);
  const total = sorted.reduce((sum, [, { ms }]) => sum + ms, 0);
  const count = sorted.reduce((sum, [, entry]) => sum + entry.count, 0);
  console.log(`\n${title}: ${count.toFixed(1)} in ${total.toFixed(3)} ms`);
  for (const [name, { count, ms }] of sorted.slice(0, rows)) {
    const share = `${((100 * ms) / total).toFixed(1)} %`;
    console.log(
      `${ms.toFixed(3).padStart(10)} ms ${share.padStart(7)} ${count.toFixed(1).padStart(7)} x  ${name.slice(0, 150)}`,
    );
  }
}
