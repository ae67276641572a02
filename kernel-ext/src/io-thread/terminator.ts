import { type Debugger, type InspectorNotification, Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionGate } from "../threads/execution-gate.js";

/**
 * Code that executes no statement for so long is inside one native call, a regular expression or WebAssembly. On a busy
 * machine a thread may need half a second to come to stand.
 */
const pauseTimeoutMs = 2000;
const maxSteps = 1000;

const kernelFolder = new URL("..", import.meta.url).href;

type Frames = Debugger.CallFrame[];

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
   * @returns whether code was terminated: not while the compiler runs, nor where nothing blocks but internals
   */
  async terminate(isNeeded: () => boolean, insist: boolean): Promise<boolean> {
    if (this.#closed || !this.#gate.beginTermination()) return false;
    try {
      const frames = await this.#pause();
      if (frames && isNeeded()) return await this.#terminatePaused(frames, insist);
      if (!frames && insist && isNeeded()) return await this.#terminateNativeCall();
      await this.#resume(false);
      return false;
    } finally {
      this.#gate.endTermination();
    }
  }

  async #terminatePaused(frames: Frames, insist: boolean): Promise<boolean> {
    let present: Frames | undefined = frames;
    for (let step = 0; present && step < maxSteps; step++) {
      const owners = present.map((frame) => this.#ownerOf(frame));
      const [top] = owners;
      if (insist ? top !== "internal" : top === "cell" && !owners.includes("package")) {
        await this.#resume(true);
        return true;
      }
      // Nothing of the cell's: the main thread is not blocked by it, it has been slow to answer.
      if (!owners.some((owner) => owner === "cell" || (insist && owner === "package"))) break;
      present = await this.#expectPause("Debugger.stepOut");
    }
    await this.#resume(false);
    return false;
  }

  /** A native call keeps no JavaScript of Node from finishing what it does; but whose call it is, nobody knows. */
  #terminateNativeCall(): Promise<boolean> {
    // Takes back the pause, which would otherwise come about when the call ends.
    this.#post("Debugger.disable");
    return new Promise((resolve) => this.#post("Runtime.terminateExecution", {}, () => resolve(true)));
  }

  async #pause(): Promise<Frames | undefined> {
    const enabled = new Promise<void>((resolve) => this.#post("Debugger.enable", {}, resolve));
    await Promise.race([enabled, sleep(pauseTimeoutMs)]);
    return this.#expectPause("Debugger.pause");
  }

  #resume(terminateOnResume: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#post("Debugger.resume", { terminateOnResume });
      this.#post("Debugger.disable", {}, resolve);
    });
  }

  /** @returns the frames at which the main thread stands, or `undefined` when it does not come to stand */
  async #expectPause(method: "Debugger.pause" | "Debugger.stepOut"): Promise<Frames | undefined> {
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
  #post(method: string, parameters = {}, done: () => void = () => {}): void {
    if (this.#closed) return;
    this.#inspector.post(method, parameters, done);
  }
}
