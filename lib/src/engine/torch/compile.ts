import * as tf from "@tensorflow/tfjs-core";
import type { CompiledStep } from "../engine.js";
import { compile as compilePlain } from "../plain/compile.js";
import { attempt, type TorchBackend } from "./backend.js";
import { Capture } from "./capture.js";
import { backend } from "./gradients.js";
import { inScope, operator } from "./operators.js";
import { runtime } from "./runtime.js";

const clone = operator("aten::clone");
const copyInto = operator<undefined>("aten::copy_");

/** Calls that are done as they are: libraries set themselves up in them, and parameters get their order in memory. */
const warmUpCalls = 2;

/** A captured call: its graph reads these inputs and writes these outputs. */
interface Recording {
  capture: Capture;
  inputs: tf.NamedTensorMap;
  outputs: tf.NamedTensorMap;
}

/** Captures the step as a CUDA graph, one for every set of input shapes; on the CPU, calls it as it is. */
export function compile<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap>(
  step: (inputs: Inputs) => Outputs,
): CompiledStep<Inputs, Outputs> {
  const plain = compilePlain(step);
  if (runtime.device === "cpu") return plain;
  const torch = backend();
  const calls = new Map<string, number>();
  const recordings = new Map<string, Recording>();
  let captured = false;

  const call = (inputs: Inputs): Outputs => {
    const key = describeShapes(inputs);
    const count = (calls.get(key) ?? 0) + 1;
    calls.set(key, count);
    captured = count > warmUpCalls;
    // A compiled step inside another one is a part of it.
    if (!captured || runtime.capture) return plain(inputs);
    let recording = recordings.get(key);
    if (!recording) {
      recording = record(torch, step, inputs);
      recordings.set(key, recording);
    } else {
      copyInputs(torch, inputs, recording.inputs);
    }
    recording.capture.replay();
    return copyTensors(torch, recording.outputs) as Outputs;
  };
  const dispose = () => {
    for (const { capture, inputs, outputs } of recordings.values()) {
      capture.dispose();
      tf.dispose([inputs, outputs]);
    }
    recordings.clear();
    calls.clear();
  };
  return Object.defineProperty(Object.assign(call, { dispose }), "captured", {
    get: () => captured,
  }) as unknown as CompiledStep<Inputs, Outputs>;
}

function record<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap>(
  torch: TorchBackend,
  step: (inputs: Inputs) => Outputs,
  inputs: Inputs,
): Recording {
  const own = keepAll(copyTensors(torch, inputs)) as Inputs;
  let outputs = {} as Outputs;
  try {
    const capture = Capture.record(torch, () => {
      outputs = tf.tidy(() => {
        // Clones, because an output may be an input or a variable, and lives on its own.
        const entries = Object.entries(step(own)).map(([name, tensor]) => [name, tf.clone(tensor)]);
        return keepAll(Object.fromEntries(entries));
      });
    });
    return { capture, inputs: own, outputs };
  } catch (error) {
    tf.dispose([own, outputs]);
    throw error;
  }
}

/** Kept: a `tf.tidy` round the call does not dispose of what the graph needs at the next one. */
function keepAll<Tensors extends tf.NamedTensorMap>(tensors: Tensors): Tensors {
  for (const tensor of Object.values(tensors)) tf.keep(tensor);
  return tensors;
}

function copyTensors(torch: TorchBackend, tensors: tf.NamedTensorMap): tf.NamedTensorMap {
  return attempt("Copying a compiled step's tensors", tensors, () => {
    const entries = Object.entries(tensors).map(([name, tensor]) => {
      const info = inScope(() => torch.output(clone(torch.handle(tensor)), tensor.shape, tensor.dtype));
      return [name, torch.tensor(info)];
    });
    return Object.fromEntries(entries);
  });
}

function copyInputs(torch: TorchBackend, from: tf.NamedTensorMap, to: tf.NamedTensorMap): void {
  attempt("Copying a compiled step's inputs", from, () =>
    inScope(() => {
      for (const [name, tensor] of Object.entries(from)) {
        copyInto(torch.handle(to[name] as tf.Tensor), torch.handle(tensor));
      }
    }),
  );
}

function describeShapes(inputs: tf.NamedTensorMap): string {
  const names = Object.keys(inputs).sort();
  return JSON.stringify(names.map((name) => [name, inputs[name]?.dtype, inputs[name]?.shape]));
}
