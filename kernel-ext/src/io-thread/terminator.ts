import { type Debugger, type InspectorNotification, Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionGate } from "../threads/execution-gate.js";

/** Code that executes no statement for so long is inside one native call, a regular expression or WebAssembly. */
const pauseTimeoutMs = 500;
const maxSteps = 1000;

const kernelFolder = new URL("..", import.meta.url).href;

type Frames = Debugger.CallFrame[];

/**
 * Ends the JavaScript that blocks the main thread, through the inspector. It pauses the code first, to see whose turn
 * it is: a termination inside Node's own JavaScript (while a timer is being linked into its list, say) or the kernel's
 * would leave broken structures behind. Such code is stepped out of; the user's is terminated.
 */
export class Terminator {
  readonly #inspector = new Session();
  readonly #gate: ExecutionGate;
  /** By the inspector's script id: its frames do not name their files. */
  readonly #scriptUrls = new Map<string, string>();

  constructor(gate: ExecutionGate) {
    this.#gate = gate;
    // Connecting takes the main thread's help, so it cannot wait until the main thread is blocked.
    this.#inspector.connectToMainThread();
    this.#inspector.on("Debugger.scriptParsed", ({ params }) =>
      this.#scriptUrls.set(params.scriptId, params.url),
    );
  }

  /** A process with a connected inspector does not exit. */
  close(): void {
    this.#inspector.disconnect();
  }

  /** @returns whether code was terminated: not while the compiler runs, nor where no user code does */
  async terminate(): Promise<boolean> {
    if (!this.#gate.beginTermination()) return false;
    try {
      const frames = await this.#pause();
      return frames ? await this.#terminatePaused(frames) : await this.#terminateNativeCall();
    } finally {
      this.#gate.endTermination();
    }
  }

  async #terminatePaused(frames: Frames): Promise<boolean> {
    let present: Frames | undefined = frames;
    for (let step = 0; present && step < maxSteps; step++) {
      const [top] = present;
      if (top && this.#isUserCode(top)) {
        await this.#resume(true);
        return true;
      }
      // Nothing but internals: the main thread is not blocked, it has been slow to answer.
      if (!present.some((frame) => this.#isUserCode(frame))) break;
      present = await this.#expectPause("Debugger.stepOut");
    }
    await this.#resume(false);
    return false;
  }

  /** Sound, since a native call keeps no JavaScript of Node from finishing what it does. */
  #terminateNativeCall(): Promise<boolean> {
    // Takes back the pause, which would otherwise come about when the call ends.
    this.#inspector.post("Debugger.disable");
    return new Promise((resolve) => {
      this.#inspector.post("Runtime.terminateExecution", () => resolve(true));
    });
  }

  async #pause(): Promise<Frames | undefined> {
    const enabled = new Promise<void>((resolve) => this.#inspector.post("Debugger.enable", () => resolve()));
    await Promise.race([enabled, sleep(pauseTimeoutMs)]);
    return this.#expectPause("Debugger.pause");
  }

  #resume(terminateOnResume: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#inspector.post("Debugger.resume", { terminateOnResume });
      this.#inspector.post("Debugger.disable", () => resolve());
    });
  }

  /** @returns the frames at which the main thread stands, or `undefined` when it does not come to stand */
  async #expectPause(method: "Debugger.pause" | "Debugger.stepOut"): Promise<Frames | undefined> {
    let onPaused: (message: InspectorNotification<Debugger.PausedEventDataType>) => void = () => {};
    const paused = new Promise<Frames>((resolve) => {
      onPaused = ({ params }) => resolve(params.callFrames);
      this.#inspector.once("Debugger.paused", onPaused);
    });
    this.#inspector.post(method);
    const frames = await Promise.race([paused, sleep(pauseTimeoutMs, undefined)]);
    this.#inspector.off("Debugger.paused", onPaused);
    return frames;
  }

  #isUserCode({ location }: Debugger.CallFrame): boolean {
    const url = this.#scriptUrls.get(location.scriptId) ?? "";
    return !url.startsWith("node:") && !url.startsWith(kernelFolder) && !url.includes("/tslab/dist/");
  }
}
