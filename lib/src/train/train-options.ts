import type * as tf from "@tensorflow/tfjs-core";
import { ConfigError, RunError } from "../errors.js";
import { requireInteger, requireNumber, requirePath } from "../options.js";
import type { Batches } from "./batches.js";
import type { Network } from "./network.js";
import type { Schedule } from "./schedules.js";
import type { JournalEntry } from "./steering.js";

export interface TrainOptions<Batch, Inputs extends tf.NamedTensorMap, Setting extends string> {
  /** Length of the whole training, what was done before a resumption included. */
  steps: number;
  batches: Batches<Batch>;
  /** Puts a batch on the engine; the tensors are freed after the step. */
  toTensors: (batch: Batch) => Inputs;
  /** Numbers for the losses that can be changed while the training runs, weights of terms for example. */
  settings?: Readonly<Record<Setting, number | Schedule>>;
  /** What is trained, in the order of their turns in a step, by names of your own. */
  networks: Readonly<Record<string, Network<Inputs, Setting>>>;
  /** Decides the noise. */
  seed?: number;
  /**
   * Equal parts into which a batch is divided, one after the other, where it does not fit into memory as a whole. The update is
   * that of the whole batch for losses that are means over its samples. `varianceLoss` and batch normalisation (PatchGAN's
   * default) look at all samples together: of smaller parts they say something else.
   */
  microBatches?: number;
  /** Stops the training after the step that is running. */
  signal?: AbortSignal;
  /** Steps from event to event; each event costs one read-back from the engine. */
  reportEvery?: number;
  /**
   * When the whole state is copied to the host, and to `folder` where there is one: what a training goes back to when its
   * loss is lost. Default: every 60 seconds with a folder, every 200 steps without.
   */
  checkpointEvery?: { seconds?: number; steps?: number };
  /** Where metrics, journal and checkpoints are kept; see `RunFolder` for its files. Only one training may use it at a time. */
  folder?: string;
  /** Goes on with the training in `folder`, or begins it where there is none yet. */
  resume?: boolean;
  /** Checkpoints that stay in the folder. */
  keep?: number;
  /**
   * Whether the same training makes the same bits again, which a GPU does only with algorithms that may be slower: while such a
   * training is under way, the torch engine searches none of cuDNN's, and computes attention's gradients in pieces. Default:
   * with a folder, so that a resumption goes on as if nothing had happened; `false` trades that for speed. Without
   * effect on the CPU, where results always repeat.
   */
  deterministic?: boolean;
  /** The journal of another run, whose changes are made again at the same steps. */
  journal?: readonly JournalEntry[];
}

/** The options with all defaults. */
export interface Plan {
  steps: number;
  batches: Batches<unknown>;
  toTensors: (batch: unknown) => tf.NamedTensorMap;
  settings: Readonly<Record<string, number | Schedule>>;
  networks: Readonly<Record<string, Network>>;
  seed: number;
  microBatches: number;
  signal: AbortSignal | undefined;
  reportEvery: number;
  checkpointSeconds: number;
  checkpointSteps: number;
  folder: string | undefined;
  resume: boolean;
  keep: number;
  deterministic: boolean;
  journal: readonly JournalEntry[];
  /** A network's own name for something: `learningRate` where it is the only one, else `generator.learningRate`. */
  nameOf(network: string, what: string): string;
}

/** Names that events have anyway. */
const taken = ["step", "steps", "elapsedMs", "imagesPerSecond", "learningRate", "clipNorm", "loss"];

/** @throws ConfigError for an option out of range */
export function requirePlan<Batch, Inputs extends tf.NamedTensorMap, Setting extends string>(
  options: TrainOptions<Batch, Inputs, Setting>,
): Plan {
  const { steps, seed = 0, microBatches = 1, reportEvery = 5, keep = 3, folder, journal = [] } = options;
  const { deterministic = folder !== undefined } = options;
  const { networks, settings = {}, resume = false, signal, checkpointEvery = {} } = options;
  requireInteger("steps", steps, 1);
  requireInteger("seed", seed, 0);
  requireInteger("microBatches", microBatches, 1);
  requireInteger("reportEvery", reportEvery, 1);
  requireInteger("keep", keep, 1);
  if (folder !== undefined) requirePath("folder", folder);
  if (resume && folder === undefined) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", "resume needs the folder of the training.");
  }
  const { seconds, steps: every } = checkpointEvery;
  if (seconds !== undefined) requireNumber("checkpointEvery.seconds", seconds, 0);
  if (every !== undefined) requireInteger("checkpointEvery.steps", every, 1);
  const isDefault = seconds === undefined && every === undefined;

  const names = Object.keys(networks);
  if (names.length === 0)
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", "networks has to name at least one network.");
  for (const name of names) requireName("network", name);
  for (const name of Object.keys(settings)) requireName("setting", name);
  for (const { learningRate, clipNorm, averages = {} } of Object.values<Network<Inputs, Setting>>(networks)) {
    requireNumber("learningRate", learningRate, 0);
    if (clipNorm !== undefined) requireNumber("clipNorm", clipNorm, 0, true);
    for (const name of Object.keys(averages)) requireName("average", name);
  }
  return {
    ...(options as unknown as Pick<Plan, "batches" | "toTensors" | "networks">),
    steps,
    settings,
    seed,
    microBatches,
    signal,
    reportEvery,
    checkpointSeconds: seconds ?? (isDefault && folder !== undefined ? 60 : Number.POSITIVE_INFINITY),
    checkpointSteps: every ?? (isDefault && folder === undefined ? 200 : Number.POSITIVE_INFINITY),
    folder,
    resume,
    keep,
    deterministic,
    journal,
    nameOf: (network, what) => (names.length === 1 ? what : `${network}.${what}`),
  };
}

/** Names become files' names and parts of other names. */
function requireName(what: string, name: string): void {
  if (/^[A-Za-z]\w*$/.test(name) && !taken.includes(name)) return;
  throw new ConfigError(
    "ERR_OPTION_OUT_OF_RANGE",
    `${JSON.stringify(name)} cannot be the name of a ${what}: letters, digits and _ make a name, and ${taken.join(", ")} are taken.`,
  );
}

/** What can be changed while the training runs, as it is at the start. */
export function steerable({ networks, settings, nameOf }: Plan): Record<string, number | Schedule> {
  const start: Record<string, number | Schedule> = { ...settings };
  for (const [name, { learningRate, clipNorm }] of Object.entries(networks)) {
    start[nameOf(name, "learningRate")] = learningRate;
    if (clipNorm !== undefined) start[nameOf(name, "clipNorm")] = clipNorm;
  }
  return start;
}

/** What has to be the same when a training is resumed, as far as JSON can tell it. */
export function describeOptions(plan: Plan): Record<string, unknown> {
  const { seed, microBatches, networks, nameOf } = plan;
  const described: Record<string, unknown> = { seed, microBatches };
  for (const [name, value] of Object.entries(plan.batches.describe?.() ?? {})) {
    described[`batches.${name}`] = value;
  }
  for (const [name, value] of Object.entries(steerable(plan))) {
    described[name] = typeof value === "number" ? value : "schedule";
  }
  for (const [name, network] of Object.entries(networks)) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, averages = {} } = network;
    for (const [key, value] of Object.entries({ beta1, beta2, epsilon, weightDecay })) {
      described[nameOf(name, key)] = value;
    }
    for (const [key, { into, ...profile }] of Object.entries(averages)) {
      described[nameOf(name, `averages.${key}`)] = JSON.stringify(profile);
    }
  }
  return described;
}

/** @throws RunError `ERR_RUN_MISMATCH` */
export function requireSameOptions(
  folder: string,
  stored: Record<string, unknown>,
  given: Record<string, unknown>,
): void {
  for (const name of new Set([...Object.keys(stored), ...Object.keys(given)])) {
    if (stored[name] === given[name]) continue;
    const message = `The training in ${folder} was begun with ${name}: ${stored[name]}, not ${given[name]}. Resume it as it was; run.set changes what can be changed, and the journal keeps it.`;
    throw new RunError("ERR_RUN_MISMATCH", message, folder);
  }
}
