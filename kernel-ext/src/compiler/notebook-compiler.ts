import path from "node:path";
import type { CheckerClient } from "./check/checker-client.js";
import { toCellDiagnostic } from "./check/diagnostics.js";
import type { CellDiagnostic } from "./check/messages.js";
import type { CellOutcome, Compiler, ExecuteOptions } from "./compiler.js";
import { type ConvertedCell, convertCell, fileName, prologueLines } from "./convert/convert-cell.js";
import { notebookFolder } from "./notebook-folder.js";
import {
  bindNames,
  type CellRuntime,
  checkpointEachWith,
  installCellRuntime,
  runtimeExpression,
} from "./run/cell-runtime.js";
import { describeFile } from "./run/describe-file.js";
import { lateNames } from "./run/late-names.js";
import { LocalModules } from "./run/local-modules.js";
import { TslabExecutors } from "./run/tslab-executor.js";
import type { SourceRegistry } from "./source-registry.js";
import { installReadableStacks } from "./stack-traces.js";
import { typeCheckModeOf } from "./type-check-mode.js";
import { explainDiagnostics, TypeScriptError } from "./type-script-error.js";

export interface CompilerOptions {
  /** The compiler thread, which checks types. */
  checker: CheckerClient;
  /** Gets what was compiled, so that errors can tell where they are. */
  sources: SourceRegistry;
  checkpoint: CellRuntime["checkpoint"];
  callback: CellRuntime["callback"];
  /** Runs synchronous work of the compiler so that nothing terminates it half-way. */
  protect: <Result>(work: () => Result) => Result;
  onTslabDisplay: (content: Record<string, unknown>, isUpdate: boolean) => void;
  /** Gets what cells import, or files that they import, before they do. */
  onImport: (exports: unknown) => void;
}

/** Cells are converted here by syntax alone, checked in the compiler thread, and run by tslab's executor. */
export class NotebookCompiler implements Compiler {
  readonly #checker: CheckerClient;
  readonly #sources: SourceRegistry;
  readonly #protect: CompilerOptions["protect"];
  readonly #executors: TslabExecutors;
  readonly #scope: Record<string, unknown> = Object.create(null);

  constructor({
    checker,
    sources,
    checkpoint,
    callback,
    protect,
    onTslabDisplay,
    onImport,
  }: CompilerOptions) {
    this.#checker = checker;
    this.#sources = sources;
    this.#protect = protect;
    installReadableStacks(sources);
    this.#executors = new TslabExecutors(onTslabDisplay, onImport);
    const meta = describeFile(path.join(notebookFolder, "notebook.ts"));
    // Types that every notebook has, Node's, promise these.
    Object.assign(this.#scope, { __dirname: meta.dirname, __filename: meta.filename });
    const modules = new LocalModules({ sources, protect, onImport });
    installCellRuntime({
      scope: this.#scope,
      late: lateNames(this.#scope),
      checkpoint,
      callback,
      checkpointEach: checkpointEachWith(checkpoint),
      import: (specifier, options) => modules.import(specifier, options),
      bind: (module, names) => bindNames(this.#scope, module, names),
      meta: meta as ImportMeta,
    });
    // The first conversions are slow: better now than with the first cell.
    for (const code of ["1 + 1", "const a: number = 1; class B {} await a"]) this.#convert(code, "");
  }

  async execute(code: string, name: string, options: ExecuteOptions): Promise<CellOutcome> {
    try {
      const mode = typeCheckModeOf(code) ?? options.typeCheck;
      // In its own thread, while the cell is converted in this one.
      const check = mode === "off" ? undefined : this.#check(code, options);
      const converted = this.#convert(code, name);
      if (mode === "stop") {
        const errors = await unlessAborted(check, options.signal);
        if (errors && errors.length > 0) throw new TypeScriptError(errors, { name, text: code });
      } else if (check) {
        const warn = (errors: CellDiagnostic[]) => {
          if (errors.length > 0) options.onWarning(`${explainDiagnostics(errors, { name, text: code })}\n`);
        };
        options.onCheck(check.then(warn));
      }
      return await this.#run(code, name, converted, options.abandoned);
    } catch (error) {
      return { status: "error", error };
    }
  }

  async evaluate(code: string, name: string): Promise<CellOutcome> {
    try {
      const converted = this.#convert(code, name);
      this.#sources.add(name, code, converted.sourceMap, prologueLines);
      return toOutcome(await this.#executors.run(converted, name));
    } catch (error) {
      return { status: "error", error };
    }
  }

  async #run(
    code: string,
    name: string,
    converted: ConvertedCell,
    abandoned: AbortSignal,
  ): Promise<CellOutcome> {
    this.#sources.add(name, code, converted.sourceMap, prologueLines);
    // Not the values: those of imported names are read from their modules.
    const describe = (name: string) => Object.getOwnPropertyDescriptor(this.#scope, name);
    const before = new Map(converted.values.map((name) => [name, describe(name)]));
    const outcome = await this.#executors.run(converted, name, abandoned);
    // As in other languages' notebooks, what had got a value before the cell failed is there for later cells.
    const assigned = converted.values.filter((name) => {
      const [was, is] = [before.get(name), describe(name)];
      return is && !(was && was.value === is.value && was.get === is.get);
    });
    this.#checker.commit(code, outcome.succeeded ? undefined : assigned);
    return toOutcome(outcome);
  }

  #convert(code: string, name: string): ConvertedCell {
    return this.#protect(() => {
      const known = new Set(Object.keys(this.#scope));
      const converted = convertCell(code, { known, runtime: runtimeExpression });
      if ("diagnostics" in converted) {
        const place = { cellFile: fileName, codeLength: code.length, directory: "" };
        const errors = converted.diagnostics.flatMap((one) => toCellDiagnostic(one, place) ?? []);
        throw new TypeScriptError(errors, { name, text: code });
      }
      return converted;
    });
  }

  /** A checker that fails stops nothing: the cell runs unchecked, and the reader is told. */
  async #check(code: string, { onWarning }: ExecuteOptions): Promise<CellDiagnostic[]> {
    try {
      return await this.#checker.check(code);
    } catch (error) {
      onWarning(`Types were not checked: ${error instanceof Error ? error.message : error}\n`);
      return [];
    }
  }
}

/** Rejects with the signal's reason when it is aborted meanwhile, or has been. */
function unlessAborted<Value>(
  waited: Promise<Value> | undefined,
  signal: AbortSignal,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    Promise.resolve(waited)
      .then((value) => (signal.aborted ? stop() : resolve(value)), reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}

function toOutcome(outcome: Awaited<ReturnType<TslabExecutors["run"]>>): CellOutcome {
  return outcome.succeeded
    ? { status: "ok", value: outcome.value }
    : { status: "error", error: outcome.error };
}
