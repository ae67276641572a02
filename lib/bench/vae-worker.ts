import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { completeAutoencoderKLConfig } from "../src/autoencoder/kl/autoencoder-kl.js";
import {
  type AutoencoderKL,
  type AutoencoderKLConfig,
  autoencoderKLConfigs,
  createAutoencoderKL,
  createRandom,
  type DeviceName,
  type EngineName,
  engine,
  floatTensor,
  type Precision,
  saveAutoencoderKL,
  writeSafetensors,
} from "../src/index.js";
import type { Mode } from "./training.js";
import type { Direction } from "./vae-report.js";
import { answerRequests } from "./worker.js";

/** What is measured; the small one has the same layers, for tests. */
export const vaeConfigs: Record<string, AutoencoderKLConfig> = {
  ...autoencoderKLConfigs,
  small: completeAutoencoderKLConfig({ blockOutChannels: [32, 64], layersPerBlock: 1, sampleSize: 32 }),
};

/** What `vae_reference.py` is for diffusers: encodes and decodes with one of our engines, in a process of its own. */
export interface VaePrepareRequest {
  command: "prepare";
  engine: EngineName;
  device: DeviceName;
  precision: Precision;
  mode: Mode;
  /** A name of `vaeConfigs`. */
  model: string;
  /** Height and width of the pictures, in pixels. */
  size: number;
  batch: number;
  /** Where the model and the inputs are written for diffusers. */
  folder?: string;
  /** The safetensors file for what it computes: `latents` and `pictures`, NHWC. */
  outputs: string;
}

export interface VaePrepared {
  description: { version: string; device: string };
  parameters: number;
}

interface VaeRunRequest {
  command: "run";
  what: Direction;
  count: number;
}

export interface VaeRun {
  /** One call's milliseconds. */
  ms: number;
  /** Whether the last call replayed a captured graph: the first ones never do. */
  captured: boolean;
}

interface Coder {
  call(): tf.Tensor4D;
  captured(): boolean;
}
let coders: Record<Direction, Coder> | undefined;

/** Weights, pictures and latents are drawn on the host: the same for all engines. */
const seed = 1;

async function prepare(request: VaePrepareRequest): Promise<VaePrepared> {
  const { device, precision, size, batch } = request;
  const { version, device: deviceName } = await engine.use(request.engine, { device, precision });
  const config = vaeConfigs[request.model];
  if (!config) throw new Error(`There is no model "${request.model}".`);
  const model = createAutoencoderKL(config, { seed });
  const random = createRandom(seed);
  const side = Math.floor(size / model.downsampling);
  const pictureShape = [batch, size, size, config.inChannels] as const;
  const latentShape = [batch, side, side, config.latentChannels] as const;
  const pictures = new Float32Array(batch * size * size * config.inChannels).map(() => random.uniform(-1, 1));
  const latents = random.fillNormal(new Float32Array(batch * side * side * config.latentChannels));
  if (request.folder) {
    await saveAutoencoderKL(model, request.folder);
    await writeSafetensors(path.join(request.folder, "inputs.safetensors"), [
      floatTensor("pictures", pictureShape, pictures),
      floatTensor("latents", latentShape, latents),
    ]);
  }
  const encode = wrap((x) => model.encode(x).mean, tf.tensor4d(pictures, [...pictureShape]), request.mode);
  const decode = wrap((x) => model.decode(x), tf.tensor4d(latents, [...latentShape]), request.mode);
  coders = { encode, decode };
  await writeSafetensors(request.outputs, [
    await readResult("latents", encode.call()),
    await readResult("pictures", decode.call()),
  ]);
  const description = { version, device: deviceName };
  return { description, parameters: countParameters(model) };
}

function wrap(apply: (x: tf.Tensor4D) => tf.Tensor4D, x: tf.Tensor4D, mode: Mode): Coder {
  if (mode === "plain") return { call: () => tf.tidy(() => apply(x)), captured: () => false };
  const compiled = engine.compile(({ x }: { x: tf.Tensor }) => ({ result: apply(x as tf.Tensor4D) }));
  return { call: () => compiled({ x }).result as tf.Tensor4D, captured: () => compiled.captured };
}

async function readResult(name: string, result: tf.Tensor4D) {
  const tensor = floatTensor(name, result.shape, (await result.data()) as Float32Array);
  result.dispose();
  return tensor;
}

async function run({ what, count }: VaeRunRequest): Promise<VaeRun> {
  if (!coders) throw new Error('"prepare" comes before "run".');
  const startedAt = performance.now();
  let last: tf.Tensor4D | undefined;
  for (let index = 0; index < count; index++) {
    last?.dispose();
    last = coders[what].call();
  }
  await last?.data(); // waits for the device, and fetches, as the other side does
  last?.dispose();
  return { ms: (performance.now() - startedAt) / count, captured: coders[what].captured() };
}

function countParameters({ parameters }: AutoencoderKL): number {
  return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
}

/** Answers requests, one JSON object a line, until standard input ends. */
export async function serveVae(): Promise<void> {
  await answerRequests((request: VaePrepareRequest | VaeRunRequest) =>
    request.command === "prepare" ? prepare(request) : run(request),
  );
}
