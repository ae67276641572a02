import * as tf from "@tensorflow/tfjs-core";
import { compile, valueAndGradients } from "../engine/index.js";
import { ConfigError } from "../errors.js";
import type { Noise } from "../noise.js";
import { type Adam, createAdam } from "./adam.js";
import { createAverage, type WeightAverage } from "./average.js";
import { clipByGlobalNorm } from "./clip.js";
import type { LossResult, Network } from "./network.js";

/** A network's part of every step, and the state that it has besides the parameters. */
export interface Turn {
  readonly name: string;
  readonly network: Network;
  readonly optimizer: Adam;
  readonly averages: Readonly<Record<string, WeightAverage>>;
  /** Names of what `run` returns in `terms`; known after the first call. */
  readonly termNames: readonly string[];
  /**
   * One update, compiled.
   *
   * @param numbers see `numbersOf`
   * @returns `terms` `[termNames.length]` from before the update, and what the loss hands on: the caller's
   */
  run(batch: tf.NamedTensorMap, handedOn: tf.NamedTensorMap, numbers: tf.Tensor1D): TurnOutputs;
  /** The gradients alone, not compiled, and then the update: to look between the two. */
  compute(
    batch: tf.NamedTensorMap,
    handedOn: tf.NamedTensorMap,
    numbers: tf.Tensor1D,
  ): TurnOutputs & { gradients: Record<string, tf.Tensor> };
  apply(gradients: Record<string, tf.Tensor>, numbers: tf.Tensor1D): void;
  /** What changes from step to step and is uploaded: the settings, the gradients' limit and the averages' shares. */
  numbersOf(settings: Readonly<Record<string, number>>, clipNorm: number, update: number): number[];
  dispose(): void;
}

export interface TurnOutputs {
  terms: tf.Tensor1D;
  handedOn: tf.NamedTensorMap;
}

export interface TurnOptions {
  noise: Noise;
  settingNames: readonly string[];
  /** Equal parts into which a batch is divided; their gradients are averaged. */
  microBatches: number;
}

export function createTurn(
  name: string,
  network: Network,
  { noise, settingNames, microBatches }: TurnOptions,
): Turn {
  const { parameters } = network;
  const clips = network.clipNorm !== undefined;
  const optimizer = createAdam(parameters, network);
  const averages = Object.fromEntries(
    Object.entries(network.averages ?? {}).map(([key, profile]) => [key, createAverage(parameters, profile)]),
  );
  let termNames: string[] = [];

  const numberAt = (numbers: tf.Tensor1D, index: number) =>
    tf.reshape(tf.slice(numbers, [index], [1]), []) as tf.Scalar;
  const settingsOf = (numbers: tf.Tensor1D) =>
    Object.fromEntries(settingNames.map((setting, index) => [setting, numberAt(numbers, index)]));

  /** Terms and what is handed on are kept beyond `valueAndGradients`, which frees all but the loss. */
  const computePart = (
    batch: tf.NamedTensorMap,
    handedOn: tf.NamedTensorMap,
    settings: Record<string, tf.Scalar>,
  ) => {
    const kept: { terms?: tf.Tensor; handedOn: tf.NamedTensorMap } = { handedOn: {} };
    try {
      const { value, gradients } = valueAndGradients(() => {
        const result: LossResult = network.loss({ batch, handedOn, settings, noise });
        const { loss, terms = {}, handOn = {} } = result;
        termNames = ["loss", ...Object.keys(terms), ...(clips ? ["gradientNorm"] : [])];
        kept.terms = tf.keep(tf.stack([loss, ...Object.values(terms)]));
        for (const [key, tensor] of Object.entries(handOn)) kept.handedOn[key] = tf.keep(tf.clone(tensor));
        return loss;
      }, parameters);
      value.dispose();
      const own = (tensor: tf.Tensor) => tf.clone(tensor);
      return { gradients, terms: own(kept.terms as tf.Tensor), handedOn: mapTensors(kept.handedOn, own) };
    } finally {
      kept.terms?.dispose();
      tf.dispose(kept.handedOn);
    }
  };

  const compute: Turn["compute"] = (batch, handedOn, numbers) =>
    tf.tidy(() => {
      const settings = settingsOf(numbers);
      const parts = Array.from({ length: microBatches }, (_, index) =>
        computePart(part(batch, index, microBatches), part(handedOn, index, microBatches), settings),
      );
      return joinParts(parts) as unknown as tf.TensorContainerObject;
    }) as unknown as ReturnType<Turn["compute"]>;

  /** @returns the length of the gradients where there is a limit to it */
  const applyOn = (gradients: Record<string, tf.Tensor>, numbers: tf.Tensor1D) => {
    const limit = clips ? numberAt(numbers, settingNames.length) : undefined;
    const clipped = limit && clipByGlobalNorm(gradients, limit);
    optimizer.update(clipped?.gradients ?? gradients);
    for (const [index, average] of Object.values(averages).entries()) {
      average.update(numberAt(numbers, settingNames.length + 1 + index));
    }
    return clipped?.norm;
  };

  const compiled = compile((inputs: tf.NamedTensorMap) => {
    const numbers = inputs.numbers as tf.Tensor1D;
    const { gradients, terms, handedOn } = compute(pick(inputs, "batch."), pick(inputs, "handed."), numbers);
    const norm = applyOn(gradients, numbers);
    const all = norm ? tf.concat1d([terms, tf.reshape(norm, [1])]) : terms;
    return { terms: all, ...prefix(handedOn, "handed.") } as tf.NamedTensorMap;
  });

  return {
    name,
    network,
    optimizer,
    averages,
    get termNames() {
      return termNames;
    },
    run(batch, handedOn, numbers) {
      const outputs = compiled({ ...prefix(batch, "batch."), ...prefix(handedOn, "handed."), numbers });
      return { terms: outputs.terms as tf.Tensor1D, handedOn: pick(outputs, "handed.") };
    },
    compute,
    apply: (gradients, numbers) => {
      tf.tidy(() => {
        applyOn(gradients, numbers);
      });
    },
    numbersOf: (settings, clipNorm, update) => [
      ...settingNames.map((setting) => settings[setting] as number),
      clipNorm,
      ...Object.values(averages).map((average) => average.share(update)),
    ],
    dispose() {
      compiled.dispose();
      optimizer.dispose();
      for (const average of Object.values(averages)) average.dispose();
    },
  };
}

/** Every `count`-th of the rows of all tensors. */
function part(tensors: tf.NamedTensorMap, index: number, count: number): tf.NamedTensorMap {
  if (count === 1) return tensors;
  return mapTensors(tensors, (tensor, name) => {
    const [rows = 0, ...rest] = tensor.shape;
    if (rows % count !== 0 || tensor.rank === 0) {
      throw new ConfigError(
        "ERR_OPTION_OUT_OF_RANGE",
        `A batch's "${name}" [${tensor.shape.join(", ")}] cannot be divided into microBatches: ${count} equal parts.`,
      );
    }
    const size = rows / count;
    return tf.slice(tensor, [index * size, ...rest.map(() => 0)], [size, ...rest]);
  });
}

interface Part extends TurnOutputs {
  gradients: Record<string, tf.Tensor>;
}

function joinParts(parts: (Omit<Part, "terms"> & { terms: tf.Tensor })[]): Part {
  const [first, ...others] = parts as [Part, ...Part[]];
  if (others.length === 0) return first;
  const gradients = { ...first.gradients };
  for (const { gradients: more } of others) {
    for (const [name, gradient] of Object.entries(more)) {
      const sum = gradients[name];
      gradients[name] = sum ? tf.add(sum, gradient) : gradient;
      tf.dispose(sum ? [sum, gradient] : []);
    }
  }
  return {
    gradients: mapTensors(gradients, (sum) => tf.div(sum, parts.length)),
    terms: tf.mean(tf.stack(parts.map(({ terms }) => terms)), 0),
    handedOn: mapTensors(first.handedOn, (_, name) =>
      tf.concat(parts.map(({ handedOn }) => handedOn[name] as tf.Tensor)),
    ),
  };
}

function mapTensors(
  tensors: tf.NamedTensorMap,
  change: (tensor: tf.Tensor, name: string) => tf.Tensor,
): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

function prefix(tensors: tf.NamedTensorMap, text: string): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [text + name, tensor]));
}

function pick(tensors: tf.NamedTensorMap, text: string): tf.NamedTensorMap {
  const chosen = Object.entries(tensors).filter(([name]) => name.startsWith(text));
  return Object.fromEntries(chosen.map(([name, tensor]) => [name.slice(text.length), tensor]));
}
