import { type Converter, createConverter, type Diagnostic } from "tslab/dist/converter.js";
import { createExecutor, type Executor } from "tslab/dist/executor.js";
import { printQuickInfo } from "tslab/dist/inspect.js";
import tslabJupyter from "tslab/dist/jupyter.js";
import type { CellOutcome, Compiler, Completeness, Completion } from "./compiler.js";
import { checkCompleteness } from "./completeness.js";
import { declaredNames, keepAssigned } from "./declarations.js";
import { hasTopLevelForAwait, spellOutShorthand } from "./source-repairs.js";
import { type CellDiagnostic, TypeScriptError } from "./type-script-error.js";

export interface CompilerOptions {
  /** Cells import packages from here upwards. */
  directory: string;
  /** Runs synchronous work of the compiler so that nothing terminates it half-way. */
  protect: <Result>(work: () => Result) => Result;
  /** Receives what cells display through tslab's own `display`. */
  onTslabDisplay: (content: Record<string, unknown>, isUpdate: boolean) => void;
}

/** What tslab's executor says about one run, through the console that it is given. */
interface Run {
  code: string;
  name: string;
  value: unknown;
  errors: unknown[];
  /** What all cells up to this one declare; `undefined` where it was not converted. */
  declarations?: string;
  diagnostics: readonly Diagnostic[];
}

/** tslab's converter and executor behind {@link Compiler}. */
export class TslabCompiler implements Compiler {
  readonly #executor: Executor;
  readonly #protect: CompilerOptions["protect"];
  #run: Run = startRun("", "");
  /** Of all cells so far, as the text of a declaration file. */
  #declarations = "";

  constructor({ directory, protect, onTslabDisplay }: CompilerOptions) {
    this.#protect = protect;
    const node = this.#wrapConverter(protect(() => createConverter({ isJS: false, isBrowser: false })));
    // Without a browser mode one converter is enough; a second costs a second and 100 MB.
    const converters = { node, browser: node, close: () => node.close() };
    this.#executor = createExecutor(directory, converters, {
      log: (value) => {
        this.#run.value = value;
      },
      error: (...values) => {
        this.#run.errors.push(...values);
      },
    });
    (tslabJupyter as { lastWriteDisplayData: unknown }).lastWriteDisplayData = onTslabDisplay;
    // The first conversion loads TypeScript's libraries.
    node.convert("", "");
  }

  async execute(code: string, name: string): Promise<CellOutcome> {
    const run = startRun(code, name);
    this.#run = run;
    try {
      const succeeded = await this.#executor.execute(code);
      this.#rememberDeclarations(run, succeeded);
      if (succeeded) return { status: "ok", value: run.value };
    } catch (error) {
      // tslab lets errors of its converter through.
      return { status: "error", error };
    }
    if (run.diagnostics.length > 0) {
      return { status: "error", error: new TypeScriptError(code, run.diagnostics.map(toCellDiagnostic)) };
    }
    return { status: "error", error: run.errors[0] };
  }

  interrupt(): void {
    this.#executor.interrupt();
  }

  complete(code: string, cursor: number): Completion {
    const { candidates, start, end } = this.#executor.complete(code, cursor);
    return { matches: candidates, start, end };
  }

  inspect(code: string, cursor: number): string | undefined {
    const info = this.#executor.inspect(code, cursor) as ReturnType<Executor["inspect"]> | undefined;
    return info && printQuickInfo(info);
  }

  checkCompleteness(code: string): Completeness {
    return checkCompleteness(code);
  }

  /**
   * tslab forgets everything that a failed cell has declared. What had got a value by then is kept here, as in other
   * languages' notebooks: the model whose training was interrupted, say.
   */
  #rememberDeclarations(run: Run, succeeded: boolean): void {
    if (run.declarations === undefined) return;
    const { locals } = this.#executor;
    const earlier = declaredNames(this.#declarations);
    const hasValue = (name: string) => locals[name] !== undefined || (name in locals && earlier.has(name));
    this.#declarations = succeeded ? run.declarations : keepAssigned(run.declarations, hasValue);
  }

  #wrapConverter(converter: Converter): Converter {
    const protect = this.#protect;
    return {
      // In place of the declarations that the executor remembers, those that we do.
      convert: (_executorsDeclarations, source) => {
        const repaired = spellOutShorthand(source);
        const converted = protect(() => converter.convert(this.#declarations, repaired.code));
        if (converted.diagnostics.length === 0) this.#run.declarations = converted.declOutput ?? "";
        for (const diagnostic of converted.diagnostics) {
          if (diagnostic.fileName) continue;
          diagnostic.start = repaired.toOriginal(diagnostic.start);
          diagnostic.end = repaired.toOriginal(diagnostic.end);
        }
        this.#run.diagnostics = converted.diagnostics;
        converted.hasToplevelAwait ||= hasTopLevelForAwait(source);
        // V8 then names the cell in stack traces.
        if (converted.output) converted.output += `\n//# sourceURL=${this.#run.name}`;
        return converted;
      },
      complete: (_executors, ...values) => protect(() => converter.complete(this.#declarations, ...values)),
      inspect: (_executors, ...values) => protect(() => converter.inspect(this.#declarations, ...values)),
      addModule: (...values) => {
        const diagnostics = protect(() => converter.addModule(...values));
        this.#run.diagnostics = diagnostics;
        return diagnostics;
      },
      close: () => converter.close(),
    };
  }
}

function startRun(code: string, name: string): Run {
  return { code, name, value: undefined, errors: [], diagnostics: [] };
}

function toCellDiagnostic({ start, end, messageText, code, fileName }: Diagnostic): CellDiagnostic {
  return {
    line: start.line + 1,
    column: start.character + 1,
    length: end.offset - start.offset,
    code,
    message: messageText,
    fileName,
  };
}
