import type { MessagePort } from "node:worker_threads";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type * as TensorFlow from "@tensorflow/tfjs-core";

/** One kernel to run, on tensors of which the values lie in shared memory. */
export interface Job {
  /** By which the helper knows the job that it is to do from those that were posted but not asked for. */
  id: number;
  kernelName: string;
  attributes: TensorFlow.NamedAttrMap;
  inputs: Record<string, { shape: number[]; offset: number }>;
  /** Where to put the result. All offsets are in bytes. */
  resultOffset: number;
  memory: SharedArrayBuffer;
}

/** What a helper is started with. */
export interface HelperData {
  /** Jobs come here. They are taken without an event loop. */
  port: MessagePort;
  /** The three numbers below, which both threads read and write. */
  counters: Int32Array<SharedArrayBuffer>;
  /** Whose packages to load. */
  from: string;
  wasmFolder: string;
}

/** The counters' places: jobs that were asked for, jobs that are done, and the id of the last that was asked for. */
export const sent = 0;
export const done = 1;
export const lastId = 2;
export const counterCount = 3;

/** The counter of what is done after a job that failed. */
export const failed = -1;

/**
 * The program of a helper: a second instance of the backend, with a memory of its own, that waits for jobs.
 *
 * It is started from its text, because bundles of the library have no file for it. So it must not use any name from outside.
 */
export async function help(load: NodeJS.Require): Promise<void> {
  const { parentPort, receiveMessageOnPort, workerData } = load("node:worker_threads");
  const { port, counters, from, wasmFolder } = workerData as HelperData;
  const require = load("node:module").createRequire(from) as NodeJS.Require;
  const tf = require("@tensorflow/tfjs-core") as typeof TensorFlow;
  const wasm = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
  wasm.setWasmPaths(wasmFolder);
  if (!(await tf.setBackend("wasm"))) throw new Error("the WebAssembly module did not initialise");
  const backend = tf.backend() as BackendWasm;
  parentPort.postMessage("ready");

  for (let job = 1; ; job++) {
    while (Atomics.load(counters, 0) < job) Atomics.wait(counters, 0, job - 1);
    let outcome = job;
    try {
      let message: Job;
      do message = receiveMessageOnPort(port).message as Job;
      while (message.id !== counters[2]);
      const { kernelName, attributes, inputs, resultOffset, memory } = message;
      tf.tidy(() => {
        const tensors: TensorFlow.NamedTensorMap = {};
        for (const [name, { shape, offset }] of Object.entries(inputs)) {
          const size = shape.reduce((product, length) => product * length, 1);
          tensors[name] = tf.tensor(new Float32Array(memory, offset, size), shape, "float32");
        }
        const result = tf.engine().runKernel(kernelName, tensors, attributes) as TensorFlow.Tensor;
        const values = backend.typedArrayFromHeap(result) as Float32Array;
        new Float32Array(memory, resultOffset, values.length).set(values);
      });
    } catch {
      outcome = -1;
    }
    Atomics.store(counters, 1, outcome);
    Atomics.notify(counters, 1);
    if (outcome === -1) return;
  }
}
