import path from "node:path";
import ts from "typescript";
import { parse } from "../convert/convert-cell.js";
import { compilerOptions } from "./compiler-options.js";
import { checkCompleteness } from "./completeness.js";
import { completeCode } from "./completion.js";
import { toCellDiagnostic } from "./diagnostics.js";
import { explainAssignment } from "./explain-assignment.js";
import { inspectCode } from "./inspection.js";
import { LanguageHost } from "./language-host.js";
import type {
  CellDiagnostic,
  CheckerCalls,
  Completeness,
  Completion,
  DetailLevel,
  Inspection,
} from "./messages.js";
import { withoutNamespaces } from "./names.js";
import { NotebookDeclarations } from "./notebook-declarations.js";

/** A module or an export is missing: it may have been installed since it was looked for. */
const missingModuleCodes = new Set([1192, 2305, 2307, 2614, 2724, 2792, 7016]);

/** Of files that are checked; declarations and JSON are taken as they are. */
const sourceExtensions: readonly string[] = [".ts", ".tsx", ".mts", ".cts"];

/** The types of a notebook: TypeScript's language service over the present cell and what earlier cells have declared. */
export class Checker implements CheckerCalls {
  readonly #directory: string;
  readonly #cellFile: string;
  readonly #notebookFile: string;
  readonly #host: LanguageHost;
  readonly #service: ts.LanguageService;
  readonly #declarations = new NotebookDeclarations();

  constructor(directory: string) {
    this.#directory = directory;
    this.#cellFile = path.join(directory, "__cell__.ts");
    this.#notebookFile = path.join(directory, "__notebook__.d.ts");
    this.#host = new LanguageHost(directory, compilerOptions(directory));
    this.#host.write(this.#notebookFile, this.#declarations.text);
    this.#service = ts.createLanguageService(this.#host, ts.createDocumentRegistry(true, directory));
  }

  /** What cells have declared, as TypeScript. */
  get declarations(): string {
    return this.#declarations.text;
  }

  check(code: string): CellDiagnostic[] {
    const file = parse(code);
    this.#showWhole(code, file);
    let found = this.#diagnose(code, file);
    if (found.some(({ code }) => missingModuleCodes.has(code))) {
      this.#host.forget();
      found = this.#diagnose(code, file);
    }
    return found;
  }

  /** Makes what the cell declares known to later cells; `assigned` as in {@link NotebookDeclarations.add}. */
  commit(code: string, assigned: readonly string[] | undefined): void {
    const file = parse(code);
    this.#showWhole(code, file);
    const { outputFiles } = this.#service.getEmitOutput(this.#cellFile, true, true);
    const text = outputFiles.find(({ name }) => name.endsWith(".d.ts"))?.text ?? "";
    const emitted = ts.createSourceFile("cell.d.ts", text, ts.ScriptTarget.Latest, true);
    this.#declarations.add(file, emitted, assigned && new Set(assigned));
    this.#host.write(this.#notebookFile, this.#declarations.text);
  }

  complete(code: string, cursor: number): Completion {
    const start = this.#showUnfinished(code);
    const place = { file: this.#cellFile, code, start, cursor };
    return completeCode(this.#service, place, (name) => this.#declarations.kindOf(name));
  }

  inspect(code: string, cursor: number, detailLevel: DetailLevel): Inspection | undefined {
    const start = this.#showUnfinished(code);
    const explain = this.#explainNames(parse(code));
    return inspectCode(this.#service, { file: this.#cellFile, start, cursor }, detailLevel, explain);
  }

  checkCompleteness(code: string): Completeness {
    return checkCompleteness(code);
  }

  /** Puts a cell before the language service, with what makes earlier cells' names visible behind its code. */
  #showWhole(code: string, file: ts.SourceFile): void {
    this.#show(code + this.#declarations.suffix(file), file);
  }

  /** The same before the code, since there is no telling where unfinished code ends. @returns where it begins */
  #showUnfinished(code: string): number {
    const file = parse(code);
    const prefix = `${this.#declarations.prefix(file)} `;
    this.#show(prefix + code, file);
    return prefix.length;
  }

  #show(text: string, file: ts.SourceFile): void {
    this.#host.refresh();
    this.#host.write(this.#cellFile, text);
    const augmentations = this.#declarations.augmentationsBeside(file);
    this.#host.writeAll(path.join(this.#directory, "__augmentation"), ".d.ts", augmentations);
  }

  #diagnose(code: string, cell: ts.SourceFile): CellDiagnostic[] {
    const place = {
      cellFile: this.#cellFile,
      codeLength: code.length,
      directory: this.#directory,
      explain: this.#explainNames(cell),
    };
    const files = [...this.#importedFiles(), this.#cellFile];
    const diagnostics = files.flatMap((file) => [
      ...this.#service.getSyntacticDiagnostics(file),
      ...this.#service.getSemanticDiagnostics(file),
    ]);
    return diagnostics.flatMap((diagnostic) => {
      const found = toCellDiagnostic(diagnostic, place);
      return found ? [explainAssignment(found, code, (name) => this.#declarations.kindOf(name))] : [];
    });
  }

  #explainNames(cell: ts.SourceFile): (text: string) => string {
    return (text) =>
      withoutNamespaces(text, (name, number) => this.#declarations.isOlder(name, number, cell));
  }

  /** Local files that the cell imports, also by way of others: their errors are the reader's, too. */
  #importedFiles(): string[] {
    const program = this.#service.getProgram();
    const found = new Set<string>();
    const visit = (name: string): void => {
      const file = program?.getSourceFile(name);
      if (!program || !file) return;
      for (const { text } of (file as ts.SourceFile & { imports?: ts.StringLiteral[] }).imports ?? []) {
        const resolved = ts.resolveModuleName(text, name, program.getCompilerOptions(), this.#host);
        const target = resolved.resolvedModule;
        if (!target || target.isExternalLibraryImport || found.has(target.resolvedFileName)) continue;
        if (!sourceExtensions.includes(target.extension)) continue;
        found.add(target.resolvedFileName);
        visit(target.resolvedFileName);
      }
    };
    visit(this.#cellFile);
    return [...found];
  }
}
