import { type Debugger, type InspectorNotification, Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionGate } from "../threads/execution-gate.js";
import { type PostCallback, Stops } from "./stops.js";

/**
 * Code that executes no statement for so long is inside one native call, a regular expression or WebAssembly. On a busy
 * machine a thread may need half a second to come to stand.
 */
const pauseTimeoutMs = 2000;
const maxSteps = 1000;

const kernelFolder = new URL("..", import.meta.url).href;

type Frames = Debugger.CallFrame[];

/** What came of an attempt: "native" where the main thread does not come to stand, since no JavaScript runs. */
export type Termination = "terminated" | "nothing" | "native";

/** Whose code a frame runs: a cell's; Node's, tslab's or the kernel's; or that of a package that a cell imports. */
type Owner = "cell" | "internal" | "package";

/**
 * Ends the JavaScript that blocks the main thread, through the inspector. It pauses the code first, to see whose turn
 * it is: a termination inside Node's own JavaScript (while a timer is being linked into its list, say), the kernel's,
 * or a package's (TensorFlow.js in the middle of `tf.tidy`) would leave broken structures behind. Such code is stepped
 * out of; the cell's own is terminated. Only a reader who insists has packages and native calls terminated, too.
 */
export class Terminator {
  readonly #inspector = new Session();
  readonly #gate: ExecutionGate;
  /** By the inspector's script id: its frames do not name their files. */
  readonly #scriptUrls = new Map<string, string>();
  #closed = false;

  constructor(gate: ExecutionGate) {
    this.#gate = gate;
    // Connecting takes the main thread's help, so it cannot wait until the main thread is blocked.
    this.#inspector.connectToMainThread();
    this.#inspector.on("Debugger.scriptParsed", ({ params }) =>
      this.#scriptUrls.set(params.scriptId, params.url),
    );
  }

  /**
   * A process with a connected inspector does not exit by itself. While a termination is under way, though,
   * disconnecting waits for the blocked main thread; then the process has to be killed.
   */
  close(): void {
    this.#closed = true;
    if (!this.#gate.isTerminating) this.#inspector.disconnect();
  }

  /**
   * @param isNeeded asked last of all: pausing takes time in which the main thread may have come to listen
   * @param insist whether to terminate the code of packages as well
   * @returns nothing is terminated while the compiler runs, nor where nothing blocks but internals
   */
  async terminate(isNeeded: () => boolean, insist: boolean): Promise<Termination> {
    if (this.#closed || !this.#gate.beginTermination()) return "nothing";
    try {
      const frames = await this.#pause();
      if (frames && isNeeded()) return await this.#terminatePaused(frames, insist);
      if (!frames && insist && isNeeded()) return await this.#terminateNativeCall();
      const resumed = this.#resume(false);
      // A native call hears of that only when it returns, and the reader is to be told before.
      if (!frames && isNeeded()) return "native";
      await resumed;
      return "nothing";
    } finally {
      this.#gate.endTermination();
    }
  }

  async #terminatePaused(frames: Frames, insist: boolean): Promise<Termination> {
    const stops = new Stops((method, parameters, done) => this.#post(method, parameters, done));
    let present: Frames | undefined = frames;
    for (let step = 0; present && step < maxSteps; step++) {
      const owners = present.map((frame) => this.#ownerOf(frame));
      if (mayEndAt(0, owners, insist)) {
        await this.#resume(true);
        return "terminated";
      }
      const wanted = present.filter((_, index) => mayEndAt(index, owners, insist));
      // Nothing of the cell's: the main thread is not blocked by it, it has been slow to answer.
      if (wanted.length === 0) break;
      await stops.setIn(wanted);
      present = await this.#expectPause("Debugger.resume");
    }
    await this.#resume(false);
    return "nothing";
  }

  /** A native call keeps no JavaScript of Node from finishing what it does; but whose call it is, nobody knows. */
  #terminateNativeCall(): Promise<Termination> {
    // Takes back the pause, which would otherwise come about when the call ends.
    this.#post("Debugger.disable");
    return new Promise((resolve) =>
      this.#post("Runtime.terminateExecution", {}, () => resolve("terminated")),
    );
  }

  #pause(): Promise<Frames | undefined> {
    this.#post("Debugger.enable");
    return this.#expectPause("Debugger.pause");
  }

  #resume(terminateOnResume: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#post("Debugger.resume", { terminateOnResume });
      this.#post("Debugger.disable", {}, () => resolve());
    });
  }

  /** @returns the frames at which the main thread stands, or `undefined` when it does not come to stand */
  async #expectPause(method: "Debugger.pause" | "Debugger.resume"): Promise<Frames | undefined> {
    let onPaused: (message: InspectorNotification<Debugger.PausedEventDataType>) => void = () => {};
    const paused = new Promise<Frames>((resolve) => {
      onPaused = ({ params }) => resolve(params.callFrames);
      this.#inspector.once("Debugger.paused", onPaused);
    });
    this.#post(method);
    const frames = await Promise.race([paused, sleep(pauseTimeoutMs, undefined)]);
    this.#inspector.off("Debugger.paused", onPaused);
    return frames;
  }

  #ownerOf({ location }: Debugger.CallFrame): Owner {
    const url = this.#scriptUrls.get(location.scriptId) ?? "";
    if (/^(cell|expression)\[/.test(url)) return "cell";
    const internal = url.startsWith("node:") || url.startsWith(kernelFolder) || url.includes("/tslab/dist/");
    return internal ? "internal" : "package";
  }

  /** Does nothing once closed: a step may still be under way then. */
  #post(method: string, parameters = {}, done: PostCallback = () => {}): void {
    if (this.#closed) return;
    this.#inspector.post(method, parameters, done);
  }
}

/** Whether code may be terminated in the frame `index`, counted from the innermost. */
function mayEndAt(index: number, owners: readonly Owner[], insist: boolean): boolean {
  if (insist) return owners[index] !== "internal";
  return owners[index] === "cell" && !owners.includes("package", index);
}
