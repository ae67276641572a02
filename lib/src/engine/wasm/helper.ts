import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type * as tf from "@tensorflow/tfjs-core";
import {
  counterCount,
  done,
  failed,
  type HelperData,
  help,
  type Job,
  lastId,
  sent,
} from "./helper-thread.js";

/** Values and where a kernel finds them. */
export interface Operand {
  shape: number[];
  values: Float32Array;
}

/** After so long without an answer a helper counts as lost; jobs take milliseconds to seconds. */
const patienceMs = 60_000;

/** The largest job. Memory shared with a helper is kept: V8 collects what is dropped late or never. */
export const maxJobBytes = 2 ** 28;

/** A thread that runs kernels for the one that is waiting for it. */
export class Helper {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #counters: Int32Array<SharedArrayBuffer>;
  #memory = new SharedArrayBuffer(0);
  #ids = 0;
  #result: Float32Array | undefined;
  #isLost = false;

  private constructor(worker: Worker, port: MessagePort, counters: Int32Array<SharedArrayBuffer>) {
    this.#worker = worker;
    this.#port = port;
    this.#counters = counters;
  }

  static async start(wasmFolder: string): Promise<Helper> {
    const { port1, port2 } = new MessageChannel();
    const counters = new Int32Array(new SharedArrayBuffer(counterCount * Int32Array.BYTES_PER_ELEMENT));
    const workerData: HelperData = { port: port2, counters, from: import.meta.url, wasmFolder };
    const worker = new Worker(`(${help})(require)`, {
      eval: true,
      execArgv: [],
      workerData,
      transferList: [port2],
    });
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

  /**
   * Starts a kernel. Its result is there at the next `receive`.
   *
   * JavaScript may be terminated between any two calls, here and before `receive`. So what counts as sent is in the
   * counters alone, and only the last line before the helper is woken changes that.
   */
  send(
    kernelName: string,
    attributes: tf.NamedAttrMap,
    operands: Record<string, Operand>,
    resultLength: number,
  ): void {
    // A job that nobody received still uses the memory.
    if (!this.#wait()) return;
    const inputs: Job["inputs"] = {};
    let offset = 0;
    for (const [name, { shape, values }] of Object.entries(operands)) {
      inputs[name] = { shape, offset };
      offset += values.byteLength;
    }
    const bytes = offset + resultLength * Float32Array.BYTES_PER_ELEMENT;
    // In powers of two, so that all that was ever dropped is smaller than what is kept.
    if (this.#memory.byteLength < bytes)
      this.#memory = new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
    const memory = this.#memory;
    for (const [name, { values }] of Object.entries(operands)) {
      new Float32Array(memory, inputs[name]?.offset, values.length).set(values);
    }
    const id = ++this.#ids;
    this.#port.postMessage({
      id,
      kernelName,
      attributes,
      inputs,
      resultOffset: offset,
      memory,
    } satisfies Job);
    this.#result = new Float32Array(memory, offset, resultLength);
    Atomics.store(this.#counters, lastId, id);
    Atomics.add(this.#counters, sent, 1);
    Atomics.notify(this.#counters, sent);
  }

  /** Waits for the kernel's result, in memory that the next `send` uses anew; nothing where the helper was lost. */
  receive(): Float32Array | undefined {
    const result = this.#result;
    this.#result = undefined;
    return this.#wait() ? result : undefined;
  }

  /** Until the helper has nothing more to do. False where it was lost. */
  #wait(): boolean {
    const target = Atomics.load(this.#counters, sent);
    // Again, should the sender have been stopped before it could.
    Atomics.notify(this.#counters, sent);
    while (!this.#isLost) {
      const state = Atomics.load(this.#counters, done);
      if (state === target) return true;
      const isOver =
        state === failed || Atomics.wait(this.#counters, done, state, patienceMs) === "timed-out";
      if (isOver) this.#lose();
    }
    return false;
  }

  #lose(): void {
    this.#isLost = true;
    void this.#worker.terminate();
  }
}
