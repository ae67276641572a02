import { createRequire } from "node:module";
import ts from "typescript";
import { convertCell } from "../../../src/compiler/convert/convert-cell.js";
import { bindNames, type CellRuntime, checkpointEachWith } from "../../../src/compiler/run/cell-runtime.js";
import { lateNames } from "../../../src/compiler/run/late-names.js";

const holder = globalThis as { testRuntime?: CellRuntime };

/** Runs converted cells as tslab's executor does, one after the other, without the rest of the kernel. */
export class TestNotebook {
  readonly scope: Record<string, unknown> = Object.create(null);
  /** What cells can import. */
  readonly modules: Record<string, object> = {};
  /** Import calls, with their options. */
  readonly imported: unknown[][] = [];
  /** How many times cells have waited at a checkpoint. */
  checkpoints = 0;
  readonly #runtime: CellRuntime;

  constructor() {
    const checkpoint = async <Value>(awaited: Value): Promise<Awaited<Value>> => {
      this.checkpoints++;
      return await awaited;
    };
    this.#runtime = {
      scope: this.scope,
      late: lateNames(this.scope),
      checkpoint,
      callback: (value) => value,
      checkpointEach: checkpointEachWith(checkpoint),
      import: async (...args) => {
        this.imported.push(args);
        const module = this.modules[args[0]];
        if (!module) throw new Error(`Cannot find ${args[0]}`);
        return module;
      },
      bind: (module, names) => bindNames(this.scope, module, names),
      meta: { url: "file:///notebook.ts" } as ImportMeta,
    };
  }

  /** @returns the value of the last expression; a promise of it, if the cell waits for something */
  run(code: string): unknown {
    const converted = convertCell(code, {
      known: new Set(Object.keys(this.scope)),
      runtime: "globalThis.testRuntime",
    });
    if ("diagnostics" in converted)
      throw new SyntaxError(ts.flattenDiagnosticMessageText(converted.diagnostics[0]?.messageText, "\n"));
    holder.testRuntime = this.#runtime;
    const exports: Record<string, unknown> = {};
    const call = new Function("exports", "require", converted.javascript);
    const ended = call(exports, createRequire(import.meta.url)) as Promise<void> | undefined;
    const value = () => (converted.lastValue === undefined ? undefined : exports[converted.lastValue]);
    return converted.isAsync ? ended?.then(value) : value();
  }
}

/** The values of cells that run one after the other. */
export async function runAll(...cells: string[]): Promise<unknown[]> {
  const notebook = new TestNotebook();
  const values: unknown[] = [];
  for (const cell of cells) values.push(await notebook.run(cell));
  return values;
}

/** The last one of them. */
export async function run(...cells: string[]): Promise<unknown> {
  return (await runAll(...cells)).at(-1);
}
