import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { EngineName, Precision } from "../src/index.js";
import { describeCommand } from "./command.js";
import {
  type Contender,
  interleave,
  prepareEngine,
  prepareReference,
  type Task,
  threadSettings,
} from "./contender.js";
import { temporaryFolder } from "./exchange.js";
import { catalogue, describeModel, type ModelName } from "./models/catalogue.js";
import { referenceScript } from "./paths.js";
import { Peer } from "./peer.js";
import {
  largestDifference,
  type Measurement,
  type Report,
  type Result,
  toRemarks,
  toTable,
} from "./report.js";
import type { Mode } from "./training.js";

export const usage = `npm run bench -- engines [OPTIONS]
  --model S,L,D           ${Object.entries(catalogue)
    .map(([name, { title }]) => `${name}: ${title}`)
    .join("; ")}
  --engine torch,...      torch, tensorflow, wasm (default on a CPU: all three; on a GPU: torch)
  --device cpu|cuda       default: the GPU where there is one
  --precision tf32,...    float32, tf32, bfloat16 (default on a CPU: float32; on a GPU: tf32,bfloat16)
  --batch N               pictures or latents a step
  --rounds N              default 7; --round-ms N: length of a round, default 700
  --pytorch eager,...     eager, graph, compile, max-autotune, none (default on a CPU: eager; on a GPU: the first three)
  --python PROGRAM        a Python with torch (default: LATENTLAB_PYTHON_TORCH, then .venv)
  --threads N             of the CPU, for everybody (default: all)
  --compile-limit SECONDS after which a torch.compile is given up, default 240
  --time-limit SECONDS    after which no further comparison is begun
  --out FILE              JSON, written after every comparison`;

const referenceStartLimitMs = 120_000;
const comparedLosses = 5;

/** `npm run bench -- engines`: our engines and PyTorch side by side, in interleaved rounds. */
export async function benchEngines(args: string[]): Promise<void> {
  const settings = await readSettings(args);
  const startedAt = performance.now();
  const report: Report = {
    benchmark: "engines",
    date: new Date().toISOString(),
    command: describeCommand("engines", args),
    hardware: {
      cpu: os.cpus()[0]?.model ?? "unknown",
      threads: settings.threads,
      memoryBytes: os.totalmem(),
      gpu: settings.reference?.gpu,
    },
    versions: { node: process.versions.node },
    results: [],
  };
  if (settings.reference) report.versions.pytorch = settings.reference.torch;
  else console.log("PyTorch: not here (a Python with torch can be named by --python)");
  for (const model of settings.models) {
    for (const precision of settings.precisions) {
      if (performance.now() - startedAt > settings.timeLimitMs) {
        console.log(`${model} ${precision}: not begun, the time limit is over`);
        continue;
      }
      report.results.push(await compare(model, precision, settings, report.versions));
      if (settings.out) writeFileSync(settings.out, `${JSON.stringify(report, undefined, 1)}\n`);
    }
  }
  console.log(`\n${toTable(report)}\n`);
  for (const remark of toRemarks(report)) console.log(remark);
}

interface Settings {
  models: ModelName[];
  engines: EngineName[];
  device: "cpu" | "cuda";
  precisions: Precision[];
  batch: number | undefined;
  rounds: number;
  roundMs: number;
  variants: string[];
  python: string | undefined;
  reference: { torch: string; gpu?: string } | undefined;
  threads: number;
  compileLimitMs: number;
  timeLimitMs: number;
  out: string | undefined;
}

async function readSettings(args: string[]): Promise<Settings> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      model: text,
      engine: text,
      device: text,
      precision: text,
      batch: text,
      rounds: text,
      "round-ms": text,
      pytorch: text,
      python: text,
      threads: text,
      "compile-limit": text,
      "time-limit": text,
      out: text,
    },
  });
  const threads = Number(values.threads ?? os.availableParallelism());
  const python = values.python ?? process.env.LATENTLAB_PYTHON_TORCH;
  const reference = python ? await describeReference(python, threads) : undefined;
  const hasGpu = reference ? reference.gpu !== undefined : existsSync("/dev/nvidia0");
  const device = (values.device ?? (hasGpu ? "cuda" : "cpu")) as "cpu" | "cuda";
  const onGpu = device === "cuda";
  const list = (given: string | undefined, fallback: string) => (given ?? fallback).split(",");
  const settings: Settings = {
    models: list(values.model, onGpu ? "S,L,D" : "S") as ModelName[],
    engines: list(values.engine, onGpu ? "torch" : "torch,tensorflow,wasm") as EngineName[],
    device,
    precisions: list(values.precision, onGpu ? "tf32,bfloat16" : "float32") as Precision[],
    batch: values.batch === undefined ? undefined : Number(values.batch),
    rounds: Number(values.rounds ?? 7),
    roundMs: Number(values["round-ms"] ?? 700),
    variants: list(values.pytorch, onGpu ? "eager,graph,compile" : "eager").filter((name) => name !== "none"),
    python,
    reference,
    threads,
    compileLimitMs: 1000 * Number(values["compile-limit"] ?? 240),
    timeLimitMs: 1000 * Number(values["time-limit"] ?? Number.POSITIVE_INFINITY),
    out: values.out && path.resolve(values.out),
  };
  for (const model of settings.models)
    if (!(model in catalogue)) throw new Error(`There is no model "${model}".\n${usage}`);
  return settings;
}

async function describeReference(python: string, threads: number) {
  const peer = new Peer(python, [referenceScript()], threadSettings(threads));
  try {
    return await peer.ask<{ torch: string; gpu?: string }>({ command: "describe" }, referenceStartLimitMs);
  } catch (error) {
    console.log(`${python} cannot run PyTorch: ${(error as Error).message}`);
    return undefined;
  } finally {
    await peer.stop();
  }
}

/** One model in one precision: prepares everybody, then takes the rounds. */
async function compare(
  name: ModelName,
  precision: Precision,
  settings: Settings,
  versions: Report["versions"],
): Promise<Result> {
  const { device, threads } = settings;
  const batch = settings.batch ?? catalogue[name].batch[device];
  const task: Task = {
    model: describeModel(name, batch),
    device,
    precision,
    threads,
    losses: comparedLosses,
  };
  const result: Result = {
    model: name,
    title: catalogue[name].title,
    parameters: 0,
    batch,
    device,
    precision,
    contenders: [],
  };
  console.log(`\n${name} (${result.title}), batch ${batch}, ${precision} on ${device}`);
  const peers: Peer[] = [];
  const racers: Contender[] = [];
  const { folder, remove } = temporaryFolder();
  let data: string | undefined;
  const note = (measurement: Measurement, seconds: number) => {
    result.contenders.push(measurement);
    const first = measurement.losses?.map((loss) => loss.toPrecision(7)).join(" ");
    const detail = measurement.error ?? `losses ${first}`;
    console.log(`  ${measurement.name} ${measurement.mode}, ready after ${seconds.toFixed(1)} s: ${detail}`);
  };
  const attempt = async (who: string, mode: string, prepare: () => Promise<Contender>) => {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1000;
    try {
      const contender = await prepare();
      racers.push(contender);
      note(contender.measurement, seconds());
    } catch (error) {
      note({ name: who, mode, error: (error as Error).message }, seconds());
    }
  };

  try {
    for (const engine of settings.engines) {
      const modes: Mode[] = device === "cuda" && engine === "torch" ? ["plain", "compiled"] : ["plain"];
      for (const mode of modes) {
        await attempt(engine, mode, async () => {
          const started = await prepareEngine(task, engine, mode, data ? undefined : folder);
          peers.push(started.peer);
          data ??= started.prepared.data;
          result.parameters = started.prepared.parameters;
          versions[engine] =
            `${started.prepared.description.version} on ${started.prepared.description.device}`;
          return started.contender;
        });
      }
    }
    if (settings.reference && settings.python && data) {
      for (const variant of settings.variants) {
        // Each in its own process: a torch.compile that takes too long is ended without the others.
        const peer = new Peer(settings.python, [referenceScript()], threadSettings(threads));
        peers.push(peer);
        const limit =
          variant.startsWith("compile") || variant === "max-autotune" ? settings.compileLimitMs : 180_000;
        await attempt("pytorch", variant, () =>
          prepareReference(peer, task, variant, data as string, limit).catch(async (error) => {
            await peer.stop(); // so that what it holds of the GPU is the others'
            throw error;
          }),
        );
      }
    }
    await interleave(racers, settings.rounds, settings.roundMs);
    compareLosses(result.contenders);
    for (const { measurement } of racers) {
      const rounds = measurement.rounds?.map((ms) => ms.toPrecision(4)).join(" ");
      console.log(
        `  ${measurement.name} ${measurement.mode}: ${measurement.ms?.toPrecision(4)} ms (${rounds})`,
      );
    }
    return result;
  } finally {
    for (const peer of peers) await peer.stop();
    remove();
  }
}

function compareLosses(contenders: Measurement[]): void {
  const reference = contenders.find(
    ({ name, mode, losses }) => name === "pytorch" && mode === "eager" && losses,
  )?.losses;
  if (!reference) return;
  for (const measurement of contenders) {
    if (measurement.losses) measurement.lossDifference = largestDifference(measurement.losses, reference);
  }
}
