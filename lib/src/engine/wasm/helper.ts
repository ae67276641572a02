import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type * as tf from "@tensorflow/tfjs-core";
import { done, failed, type HelperData, help, type Job, sent } from "./helper-thread.js";

/** Values and where a kernel finds them. */
export interface Operand {
  shape: number[];
  values: Float32Array;
}

/** After so long without an answer a helper counts as lost; jobs take milliseconds to seconds. */
const patienceMs = 60_000;

/** A thread that runs kernels for the one that is waiting for it. */
export class Helper {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #counters: Int32Array<SharedArrayBuffer>;
  #memory = new SharedArrayBuffer(0);
  #jobs = 0;
  #result: { offset: number; length: number } | undefined;
  #isLost = false;

  private constructor(worker: Worker, port: MessagePort, counters: Int32Array<SharedArrayBuffer>) {
    this.#worker = worker;
    this.#port = port;
    this.#counters = counters;
  }

  static async start(wasmFolder: string): Promise<Helper> {
    const { port1, port2 } = new MessageChannel();
    const counters = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    const workerData: HelperData = { port: port2, counters, from: import.meta.url, wasmFolder };
    const worker = new Worker(`(${help})(require)`, { eval: true, workerData, transferList: [port2] });
    const exit = once(worker, "exit").then(([code]) => {
      throw new Error(`a helper thread ended with code ${code}`);
    });
    await Promise.race([once(worker, "message"), exit]);
    // The program may end while helpers wait for more to do.
    worker.unref();
    port1.unref();
    const helper = new Helper(worker, port1, counters);
    worker.on("error", () => helper.#lose()).on("exit", () => helper.#lose());
    return helper;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Starts a kernel. Nothing is returned before `receive`. */
  send(
    kernelName: string,
    attributes: tf.NamedAttrMap,
    operands: Record<string, Operand>,
    resultLength: number,
  ): void {
    // A caller that was stopped before it received may have left a job that still uses the memory.
    if (this.#result) this.receive();
    const inputs: Job["inputs"] = {};
    let offset = 0;
    for (const [name, { shape, values }] of Object.entries(operands)) {
      inputs[name] = { shape, offset };
      offset += values.byteLength;
    }
    const bytes = offset + resultLength * Float32Array.BYTES_PER_ELEMENT;
    if (this.#memory.byteLength < bytes) this.#memory = new SharedArrayBuffer(bytes);
    for (const [name, { values }] of Object.entries(operands)) {
      new Float32Array(this.#memory, inputs[name]?.offset, values.length).set(values);
    }
    this.#result = { offset, length: resultLength };
    const job: Job = { kernelName, attributes, inputs, resultOffset: offset, memory: this.#memory };
    this.#port.postMessage(job);
    Atomics.store(this.#counters, sent, ++this.#jobs);
    Atomics.notify(this.#counters, sent);
  }

  /** Waits for the kernel's result, in memory that the next `send` uses anew; nothing where the helper was lost. */
  receive(): Float32Array | undefined {
    const result = this.#result;
    if (!result || this.#isLost) return undefined;
    let state = Atomics.load(this.#counters, done);
    while (state !== this.#jobs && state !== failed) {
      if (Atomics.wait(this.#counters, done, state, patienceMs) === "timed-out") break;
      state = Atomics.load(this.#counters, done);
    }
    this.#result = undefined;
    if (state === this.#jobs) return new Float32Array(this.#memory, result.offset, result.length);
    this.#lose();
    return undefined;
  }

  #lose(): void {
    this.#isLost = true;
    void this.#worker.terminate();
  }
}
