import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type EngineName, openSafetensors, type Precision } from "../src/index.js";
import { describeCommand } from "./command.js";
import { threadSettings } from "./contender.js";
import { temporaryFolder } from "./exchange.js";
import { referenceScript } from "./paths.js";
import { Peer } from "./peer.js";
import { median } from "./report.js";
import type { Mode } from "./training.js";
import {
  type Direction,
  directions,
  relativeDifference,
  toVaeRemarks,
  toVaeTable,
  type VaeMeasurement,
  type VaeReport,
  type VaeResult,
} from "./vae-report.js";
import { type VaePrepared, type VaeRun, vaeConfigs } from "./vae-worker.js";

export const vaeUsage = `npm run bench -- vae [OPTIONS]       encoding and decoding by Stable Diffusion's VAE (random weights), beside diffusers
  --model sd1,...         ${Object.keys(vaeConfigs).join(", ")} (default sd1)
  --size N                height and width of the pictures, default 512; --batch N: pictures a call, default 1
  --engine torch,...      torch, tensorflow, wasm (default on a CPU: torch,tensorflow; on a GPU: torch)
  --device cpu|cuda       default: the GPU where there is one
  --precision tf32,...    float32, tf32 (default on a CPU: float32; on a GPU: tf32); bfloat16 is for gradients alone
  --rounds N              default 3; --round-ms N: length of a round, default 700, at least one call
  --python PROGRAM        a Python with diffusers (default: LATENTLAB_PYTHON_TORCH, then .venv)
  --threads N             of the CPU, for everybody (default: all)
  --out FILE              JSON, written after every comparison`;

const prepareLimitMs = 300_000;
const runLimitMs = 300_000;

interface Reference {
  torch: string;
  diffusers: string;
  gpu?: string;
}

interface Settings {
  models: string[];
  size: number;
  batch: number;
  engines: EngineName[];
  device: "cpu" | "cuda";
  precisions: Precision[];
  rounds: number;
  roundMs: number;
  python: string | undefined;
  reference: Reference | undefined;
  threads: number;
  out: string | undefined;
}

interface Racer {
  measurement: VaeMeasurement;
  /** Milliseconds a call. */
  run(what: Direction, count: number): Promise<number>;
}

/** `npm run bench -- vae`: our engines and diffusers side by side, in interleaved rounds. */
export async function benchVae(args: string[]): Promise<VaeReport> {
  const settings = await readSettings(args);
  const { reference, threads } = settings;
  const report: VaeReport = {
    benchmark: "vae",
    date: new Date().toISOString(),
    command: describeCommand("vae", args),
    hardware: {
      cpu: os.cpus()[0]?.model ?? "unknown",
      threads,
      memoryBytes: os.totalmem(),
      gpu: reference?.gpu,
    },
    versions: { node: process.versions.node },
    results: [],
  };
  if (reference) {
    report.versions.diffusers = `${reference.diffusers} (pytorch ${reference.torch})`;
  } else console.log("diffusers: not here (a Python with diffusers can be named by --python)");
  for (const model of settings.models) {
    for (const precision of settings.precisions) {
      report.results.push(await compare(model, precision, settings, report.versions));
      if (settings.out) writeFileSync(settings.out, `${JSON.stringify(report, undefined, 1)}\n`);
    }
  }
  console.log(`\n${toVaeTable(report)}\n`);
  for (const remark of toVaeRemarks(report)) console.log(remark);
  return report;
}

async function readSettings(args: string[]): Promise<Settings> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...{ model: text, size: text, batch: text, engine: text, device: text, precision: text },
      ...{ rounds: text, "round-ms": text, python: text, threads: text, out: text },
    },
  });
  const models = (values.model ?? "sd1").split(",");
  for (const model of models)
    if (!(model in vaeConfigs)) throw new Error(`There is no model "${model}".\n${vaeUsage}`);
  if (values.precision?.includes("bfloat16")) {
    throw new Error(
      `Encoding and decoding without gradients are not in bfloat16, see docs/engines.md.\n${vaeUsage}`,
    );
  }
  const threads = Number(values.threads ?? os.availableParallelism());
  const python = values.python ?? process.env.LATENTLAB_PYTHON_TORCH;
  const reference = python ? await describeReference(python, threads) : undefined;
  const hasGpu = reference ? reference.gpu !== undefined : existsSync("/dev/nvidia0");
  const device = (values.device ?? (hasGpu ? "cuda" : "cpu")) as "cpu" | "cuda";
  const onGpu = device === "cuda";
  return {
    models,
    size: Number(values.size ?? 512),
    batch: Number(values.batch ?? 1),
    engines: (values.engine ?? (onGpu ? "torch" : "torch,tensorflow")).split(",") as EngineName[],
    device,
    precisions: (values.precision ?? (onGpu ? "tf32" : "float32")).split(",") as Precision[],
    rounds: Number(values.rounds ?? 3),
    roundMs: Number(values["round-ms"] ?? 700),
    python,
    reference,
    threads,
    out: values.out && path.resolve(values.out),
  };
}

async function describeReference(python: string, threads: number): Promise<Reference | undefined> {
  let peer: Peer | undefined;
  try {
    peer = new Peer(python, [referenceScript("vae_reference.py")], threadSettings(threads));
    return await peer.ask<Reference>({ command: "describe" }, prepareLimitMs);
  } catch (error) {
    const lastLine = (error as Error).message.trim().split("\n").at(-1);
    console.log(`${python} cannot run diffusers: ${lastLine}`);
    return undefined;
  } finally {
    await peer?.stop();
  }
}

/** One model in one precision: prepares everybody, then takes the rounds. */
async function compare(
  model: string,
  precision: Precision,
  settings: Settings,
  versions: VaeReport["versions"],
): Promise<VaeResult> {
  const { size, batch, device, threads, python, reference } = settings;
  const result: VaeResult = { model, parameters: 0, size, batch, device, precision, contenders: [] };
  console.log(`\n${model}, ${batch} of ${size} x ${size}, ${precision} on ${device}`);
  const { folder, remove } = temporaryFolder();
  const peers: Peer[] = [];
  const racers: (Racer & { outputs: string })[] = [];
  let isWritten = false;

  const attempt = async (
    name: string,
    mode: string,
    start: () => Peer,
    prepare: (peer: Peer, outputs: string) => Promise<Partial<VaeMeasurement>>,
  ) => {
    const outputs = path.join(folder, `${name}-${mode}.safetensors`);
    const measurement: VaeMeasurement = { name, mode };
    result.contenders.push(measurement);
    try {
      const peer = start();
      peers.push(peer);
      Object.assign(measurement, await prepare(peer, outputs));
      const run = async (what: Direction, count: number) => {
        const request = { command: "run", what, count };
        // Ours say whether they replay a graph by now; diffusers has none.
        const { ms, ...state } = await peer.ask<Pick<VaeRun, "ms"> & Partial<VaeRun>>(request, runLimitMs);
        Object.assign(measurement, state);
        return ms;
      };
      racers.push({ measurement, run, outputs });
      console.log(`  ${name} ${mode}: ready`);
    } catch (error) {
      measurement.error = (error as Error).message;
      console.log(`  ${name} ${mode}: ${measurement.error}`);
    }
  };

  try {
    const [script] = process.argv.slice(1) as [string];
    for (const engine of settings.engines) {
      const modes: Mode[] = device === "cuda" && engine === "torch" ? ["plain", "compiled"] : ["plain"];
      for (const mode of modes) {
        const start = () => new Peer(process.execPath, [script, "vae-worker"], threadSettings(threads));
        await attempt(engine, mode, start, async (peer, outputs) => {
          const request = {
            command: "prepare",
            engine,
            device,
            precision,
            mode,
            model,
            size,
            batch,
            outputs,
          };
          const withFolder = isWritten ? request : { ...request, folder };
          const prepared = await peer.ask<VaePrepared>(withFolder, prepareLimitMs);
          isWritten = true;
          result.parameters = prepared.parameters;
          versions[engine] = `${prepared.description.version} on ${prepared.description.device}`;
          return {};
        });
      }
    }
    if (reference && python && isWritten) {
      const start = () => new Peer(python, [referenceScript("vae_reference.py")], threadSettings(threads));
      await attempt("diffusers", "eager", start, (peer, outputs) =>
        peer.ask({ command: "prepare", folder, outputs, device, precision, threads }, prepareLimitMs),
      );
    }
    await takeRounds(racers, settings);
    await compareOutputs(racers);
    return result;
  } finally {
    for (const peer of peers) await peer.stop();
    remove();
  }
}

/** Everybody in turn, each for about `roundMs` but at least one call. */
async function takeRounds(racers: Racer[], { rounds, roundMs }: Settings): Promise<void> {
  for (const what of directions) {
    for (const { measurement, run } of racers) {
      const callsPerRound = Math.max(1, Math.min(500, Math.round(roundMs / (await run(what, 1)))));
      measurement.times = {
        ...(measurement.times as NonNullable<VaeMeasurement["times"]>),
        [what]: { ms: Number.NaN, rounds: [], callsPerRound },
      };
    }
    for (let round = 0; round < rounds; round++) {
      for (const { measurement, run } of racers) {
        const times = measurement.times?.[what];
        times?.rounds.push(await run(what, times.callsPerRound));
      }
    }
    for (const { measurement } of racers) {
      const times = measurement.times?.[what];
      if (!times) continue;
      times.ms = median(times.rounds);
      const each = times.rounds.map((ms) => ms.toPrecision(4)).join(" ");
      console.log(
        `  ${what}, ${measurement.name} ${measurement.mode}: ${times.ms.toPrecision(4)} ms (${each})`,
      );
    }
  }
}

/** Fast but wrong would be no result: what everybody has computed is compared with what diffusers has. */
async function compareOutputs(racers: (Racer & { outputs: string })[]): Promise<void> {
  const reference = racers.find(({ measurement }) => measurement.name === "diffusers");
  if (!reference) return;
  const theirs = await readOutputs(reference.outputs);
  for (const { measurement, outputs } of racers) {
    if (measurement.name === "diffusers") continue;
    const ours = await readOutputs(outputs);
    measurement.difference = {
      encode: relativeDifference(ours.latents, theirs.latents),
      decode: relativeDifference(ours.pictures, theirs.pictures),
    };
  }
}

async function readOutputs(file: string) {
  const source = await openSafetensors(file);
  try {
    return { latents: await source.readFloat32("latents"), pictures: await source.readFloat32("pictures") };
  } finally {
    await source.close();
  }
}
