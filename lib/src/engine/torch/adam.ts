import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../nn/parameters.js";
import type { AdamOptions, AdamSnapshot, EngineAdam } from "../engine.js";
import { type Handle, ScalarType } from "./addon.js";
import { attempt, type TorchBackend } from "./backend.js";
import { backend } from "./gradients.js";
import { inScope, operator, release } from "./operators.js";
import { parameterHandle } from "./parameters.js";
import { runtime } from "./runtime.js";

const zerosLike = operator("aten::zeros_like");
const copyInto = operator<undefined>("aten::copy_");
const fill = operator<undefined>("aten::fill_.Scalar");
const full = operator("aten::full");
const addInto = operator<undefined>("aten::add_.Scalar");
const fusedAdam = operator<undefined>("aten::_fused_adam_.tensor_lr");
const fusedAdamW = operator<undefined>("aten::_fused_adamw_.tensor_lr");

/**
 * Adam in one kernel for all parameters. Learning rate and step are tensors on the device, so that a captured graph
 * goes on with the rate of the moment and counts its own replays.
 */
export function createAdam(
  parameters: Parameters,
  options: AdamOptions,
  snapshot?: AdamSnapshot,
): EngineAdam {
  const torch = backend();
  const { beta1, beta2, epsilon, weightDecay } = options;
  const names = Object.keys(parameters);
  const variable = (name: string) => parameters[name] as tf.Variable;
  const number = (value: number) =>
    inScope(() => torch.output(full([], value, ScalarType.float32, null, runtime.device), [], "float32"));
  const zeros = (name: string) =>
    inScope(() =>
      torch.output(zerosLike(parameterHandle(torch, variable(name))), variable(name).shape, "float32"),
    );

  const mean = new Map(names.map((name) => [name, zeros(name)]));
  const meanSquare = new Map(names.map((name) => [name, zeros(name)]));
  const step = number(snapshot?.step ?? 0);
  const learningRate = number(options.learningRate);
  if (snapshot) {
    load(torch, mean, snapshot.mean);
    load(torch, meanSquare, snapshot.meanSquare);
  }
  const handlesOf = (moments: Map<string, tf.TensorInfo>, chosen: string[]) =>
    chosen.map((name) => torch.handle(moments.get(name) as tf.TensorInfo));

  return {
    update(gradients) {
      const chosen = names.filter((name) => gradients[name]);
      attempt("Adam", {}, () =>
        inScope(() => {
          addInto(torch.handle(step), 1);
          if (chosen.length === 0) return;
          const handles = chosen.map((name) => parameterHandle(torch, variable(name)));
          const aligned = chosen.map((name, index) =>
            withStridesOf(torch, gradients[name] as tf.Tensor, handles[index] as Handle),
          );
          const update = weightDecay > 0 ? fusedAdamW : fusedAdam;
          update(
            handles,
            aligned,
            handlesOf(mean, chosen),
            handlesOf(meanSquare, chosen),
            [],
            chosen.map(() => torch.handle(step)),
            torch.handle(learningRate),
            beta1,
            beta2,
            weightDecay,
            epsilon,
            false,
            false,
          );
        }),
      );
    },

    setLearningRate(value) {
      runtime.capture?.refuse("Setting the learning rate");
      inScope(() => fill(torch.handle(learningRate), value));
    },

    snapshot: () => ({
      step: (torch.readSync(step.dataId) as Float32Array)[0] as number,
      mean: save(torch, mean),
      meanSquare: save(torch, meanSquare),
    }),

    dispose() {
      for (const { dataId } of [...mean.values(), ...meanSquare.values(), step, learningRate]) {
        torch.disposeData(dataId, true);
      }
    },
  };
}

/** The fused kernels walk through memory, and read no strides. */
function withStridesOf(torch: TorchBackend, gradient: tf.Tensor, parameter: Handle): Handle {
  const handle = torch.handle(gradient);
  if (torch.entry(gradient).isGradient) return handle;
  const aligned = zerosLike(parameter);
  copyInto(aligned, handle);
  return aligned;
}

function load(
  torch: TorchBackend,
  moments: Map<string, tf.TensorInfo>,
  values: Record<string, Float32Array>,
): void {
  for (const [name, moment] of moments) {
    inScope(() => {
      const given = values[name] as Float32Array;
      const uploaded = runtime.addon.upload(given, moment.shape, runtime.device, ScalarType.float32);
      copyInto(torch.handle(moment), release(uploaded));
    });
  }
}

function save(torch: TorchBackend, moments: Map<string, tf.TensorInfo>): Record<string, Float32Array> {
  const entries = [...moments].map(([name, { dataId }]) => [name, torch.readSync(dataId) as Float32Array]);
  return Object.fromEntries(entries);
}
