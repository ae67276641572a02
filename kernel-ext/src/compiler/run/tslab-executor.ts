import { types } from "node:util";
import type { ConvertResult } from "tslab/dist/converter.js";
import { createExecutor, type Executor } from "tslab/dist/executor.js";
import tslabJupyter from "tslab/dist/jupyter.js";
import { readField } from "../../base/inspect-safely.js";
import type { ConvertedCell } from "../convert/convert-cell.js";
import { notebookFolder } from "../notebook-folder.js";

/** What tslab's executor says about one run, through the console that it is given. */
interface Run {
  value: unknown;
  errors: unknown[];
}

export type RunOutcome = { succeeded: true; value: unknown } | { succeeded: false; error: unknown };

/** What tslab's executors have in common: the converted code reads it from here. */
const holder = globalThis as { __tslab__?: Environment };

interface Environment {
  exports: object;
  require: NodeJS.Require;
}

/**
 * tslab's executor: it runs a converted cell as a function of `exports` and `require`, ends the wait for it when it is
 * interrupted, and gives cells tslab's own package (`import * as tslab from "tslab"`). It asks its converter for the
 * cell, which here hands out what has been converted before.
 */
class TslabExecutor {
  readonly #executor: Executor;
  /** This executor's `exports` and `require`, which the next one's would replace. */
  readonly #environment: Environment;
  #converted: ConvertResult = { diagnostics: [] };
  #run: Run = { value: undefined, errors: [] };

  constructor(onImport: (exports: unknown) => void) {
    const converter = {
      convert: () => this.#converted,
      complete: unused,
      inspect: unused,
      addModule: unused,
      close: () => {},
    };
    const converters = { node: converter, browser: converter, close: () => {} };
    this.#executor = createExecutor(notebookFolder, converters, {
      log: (value: unknown) => {
        this.#run.value = value;
      },
      error: (...values: unknown[]) => {
        this.#run.errors.push(...values);
      },
    });
    const { exports, require } = holder.__tslab__ as Environment;
    this.#environment = { exports, require: observe(require, onImport) };
  }

  async run(
    { javascript, isAsync, lastValue }: ConvertedCell,
    name: string,
    abandoned: AbortSignal | undefined,
  ): Promise<RunOutcome> {
    const run: Run = { value: undefined, errors: [] };
    this.#run = run;
    this.#converted = {
      diagnostics: [],
      output: `${javascript}\n//# sourceURL=${name}`,
      declOutput: "",
      hasToplevelAwait: isAsync,
      lastExpressionVar: lastValue,
    };
    holder.__tslab__ = this.#environment;
    const interrupt = () => this.#executor.interrupt();
    abandoned?.addEventListener("abort", interrupt);
    // The source is tslab's for comments that say how to convert it, which has been done.
    const succeeded = await this.#executor.execute("");
    abandoned?.removeEventListener("abort", interrupt);
    if (succeeded) return { succeeded, value: run.value };
    const [error] = run.errors;
    if (types.isNativeError(error)) nameScript(error, name);
    return { succeeded, error };
  }
}

/** As many executors as cells run at a time: each can run one. */
export class TslabExecutors {
  readonly #onImport: (exports: unknown) => void;
  readonly #idle: TslabExecutor[];

  /**
   * @param onTslabDisplay receives what cells display through tslab's own `display`
   * @param onImport receives what they `require`
   */
  constructor(
    onTslabDisplay: (content: Record<string, unknown>, isUpdate: boolean) => void,
    onImport: (exports: unknown) => void,
  ) {
    this.#onImport = onImport;
    this.#idle = [new TslabExecutor(onImport)];
    (tslabJupyter as { lastWriteDisplayData: unknown }).lastWriteDisplayData = onTslabDisplay;
  }

  /**
   * @param name by which stack traces refer to the code
   * @param abandoned aborted when the cell is no longer waited for
   */
  async run(cell: ConvertedCell, name: string, abandoned?: AbortSignal): Promise<RunOutcome> {
    const executor = this.#idle.pop() ?? new TslabExecutor(this.#onImport);
    try {
      return await executor.run(cell, name, abandoned);
    } finally {
      this.#idle.push(executor);
    }
  }
}

function observe(require: NodeJS.Require, onImport: (exports: unknown) => void): NodeJS.Require {
  return new Proxy(require, {
    apply: (target, self, args) => {
      const exports = Reflect.apply(target, self, args);
      onImport(exports);
      return exports;
    },
  });
}

/** Where code does not even parse, V8 does not know yet what it is called. */
function nameScript(error: Error, name: string): void {
  const stack = readField(error, "stack");
  if (typeof stack === "string") error.stack = stack.replace(/^evalmachine\.<anonymous>(?=:\d+\n)/, name);
}

function unused(): never {
  throw new Error("tslab's executor only runs cells here.");
}
