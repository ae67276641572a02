import type { CellRuntime } from "../compiler/run/cell-runtime.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import { Cell, outputContext } from "./output-context.js";

/**
 * Every `await` of a cell's code waits through this: JavaScript cannot cancel an `async` function from outside, so code
 * that only ever awaits something short stops here. The first of a cell's checkpoints to see the interrupt throws it, so
 * that `catch` and `finally` do their work, awaits included; once the cell is no longer waited for, the rest waits for ever.
 */
export function createCheckpoint(gate: ExecutionGate): CellRuntime["checkpoint"] {
  return async function checkpoint<Value>(awaited: Value): Promise<Awaited<Value>> {
    const cell = outputContext.getStore();
    if (!(cell instanceof Cell)) return await awaited;
    const value = await heard(awaited, cell);
    // Where one microtask follows the other, the I/O thread's message is never read; the gate is.
    if (gate.interruptRequested && !cell.ended) cell.interrupt();
    if (!cell.interrupted) return value;
    if (cell.ended) await never;
    // Code that has taken `cell.signal` is trusted to look at it.
    if (!cell.cooperative && !cell.hasOrderlyWork && cell.takeInterrupt()) throw new KeyboardInterrupt();
    return value;
  };
}

/** A function that is not called any more, and what waits for it waits for ever, once an interrupt has ended its cell. */
export function stoppingCallback<Value>(value: Value): Value {
  if (typeof value !== "function" || isClass(value)) return value;
  return function (this: unknown, ...values: unknown[]) {
    const cell = outputContext.getStore();
    return cell instanceof Cell && cell.stopped ? never : Reflect.apply(value, this, values);
  } as Value;
}

/** Some libraries' `catch` takes the class of an error. */
function isClass(value: object): boolean {
  const { prototype } = value as { prototype?: unknown };
  return (
    prototype === Error.prototype ||
    prototype instanceof Error ||
    /^class\b/.test(Function.prototype.toString.call(value))
  );
}

/** What is awaited may itself bring the interrupt, as `sleep` does; it is not thrown a second time then. */
async function heard<Value>(awaited: Value, cell: Cell): Promise<Awaited<Value>> {
  try {
    return await cell.awaits.wait(awaited);
  } catch (error) {
    if (error instanceof KeyboardInterrupt) cell.takeInterrupt();
    throw error;
  }
}

const never = new Promise<never>(() => {});
