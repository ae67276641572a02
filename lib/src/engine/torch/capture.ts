import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { Handle } from "./addon.js";
import { attempt, type TorchBackend } from "./backend.js";
import type { Entry } from "./entry.js";
import { inScope, operator } from "./operators.js";
import { replaceData, settledHandle } from "./parameters.js";
import { runtime } from "./runtime.js";

const copyInto = operator<undefined>("aten::copy_");

/** A variable, and the memory in which the graph reads and writes it. */
interface BoundVariable {
  variable: tf.Variable;
  memory: Handle;
  /** The handle of the variable's entry as long as nobody assigns to it. */
  current: Handle;
}

/**
 * One recording of a step's work as a CUDA graph, which knows memory and no tensors. So whatever the step uses from
 * outside is held, and a variable that the step assigns is written back to the memory from which the next replay reads.
 */
export class Capture {
  private readonly graph: number;
  private bound: BoundVariable[];
  private readonly own = new WeakSet<Entry>();
  private readonly used = new Set<Entry>();
  private readonly held: Handle[] = [];

  private constructor(private readonly torch: TorchBackend) {
    const variables = Object.values(tf.engine().state.registeredVariables);
    this.bound = variables
      .filter(({ dtype }) => dtype !== "string")
      .map((variable) => {
        const current = settledHandle(torch, variable);
        return { variable, memory: runtime.addon.alias(current), current };
      });
    try {
      this.graph = attempt("Recording a compiled step", {}, () => runtime.addon.captureBegin());
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Records `step`, whose work is not done before the first replay. */
  static record(torch: TorchBackend, step: () => void): Capture {
    const capture = new Capture(torch);
    runtime.capture = capture;
    try {
      step();
      capture.writeBack();
    } catch (error) {
      capture.abort();
      throw error;
    } finally {
      runtime.capture = undefined;
    }
    try {
      attempt("Recording a compiled step", {}, () => runtime.addon.captureEnd(capture.graph));
    } catch (error) {
      capture.free(); // the graph is gone
      throw error;
    }
    return capture;
  }

  /** @throws EngineError `ERR_COMPILED_STEP` */
  refuse(what: string): never {
    throw new EngineError(
      "ERR_COMPILED_STEP",
      `${what} cannot be done inside a compiled step; do it between its calls.`,
    );
  }

  /** The backend tells of every entry that a kernel reads, */
  use(entry: Entry): void {
    if (this.own.has(entry) || this.used.has(entry)) return;
    this.used.add(entry);
    this.held.push(runtime.addon.alias(entry.handle));
  }

  /** and of every one that a kernel makes. */
  made(entry: Entry): void {
    this.own.add(entry);
  }

  replay(): void {
    for (const binding of this.bound) {
      const { variable, memory, current } = binding;
      if (variable.isDisposed) continue;
      const entry = this.torch.entry(variable);
      if (entry.handle === current && entry.references === 1) continue;
      // Other variables that were assigned this one keep its numbers,
      if (entry.handle === current) this.torch.separate(entry);
      // and where this one was assigned between two calls, its value goes to where the graph looks for it.
      inScope(() => copyInto(memory, this.torch.handle(variable)));
      this.bind(binding);
    }
    attempt("A compiled step", {}, () => runtime.addon.replay(this.graph));
  }

  dispose(): void {
    runtime.addon.freeGraph(this.graph);
    this.free();
  }

  /** Variables that the step has assigned go back to their memory, as the last work of the graph. */
  private writeBack(): void {
    const isUsed = ({ variable, current }: BoundVariable) => {
      const entry = this.torch.entry(variable);
      return entry.handle !== current || this.used.has(entry);
    };
    const alive = this.bound.filter(({ variable }) => !variable.isDisposed);
    const needed = new Set(alive.filter(isUsed));
    for (const { memory } of this.bound.filter((binding) => !needed.has(binding))) runtime.addon.free(memory);
    this.bound = [...needed];
    for (const binding of this.bound) {
      if (this.torch.entry(binding.variable).handle === binding.current) continue;
      inScope(() => copyInto(binding.memory, this.torch.handle(binding.variable)));
      this.bind(binding);
    }
  }

  private bind(binding: BoundVariable): void {
    binding.current = replaceData(this.torch, binding.variable, binding.memory).handle;
  }

  /** Nothing of the recording has been done, so the variables get their values from before. */
  private abort(): void {
    for (const binding of this.bound) {
      const { variable, current } = binding;
      if (!variable.isDisposed && this.torch.entry(variable).handle !== current) this.bind(binding);
    }
    runtime.addon.captureAbort(this.graph);
    this.free();
  }

  private free(): void {
    runtime.addon.free([...this.held, ...this.bound.map(({ memory }) => memory)]);
  }
}
