import ts from "typescript";
import { findDeclarations } from "./declarations.js";
import { findLastValue, lastValueName } from "./last-value.js";
import { internalPrefix } from "./naming.js";
import { type RuntimeNames, rewriteCell } from "./rewrite-cell.js";

/** A cell as JavaScript for tslab's executor: the body of a function of `exports` and `require`. */
export interface ConvertedCell {
  javascript: string;
  /** From `javascript` to the cell, as JSON. */
  sourceMap: string;
  isAsync: boolean;
  /** The property of `exports` that holds the value of the last expression. */
  lastValue: string | undefined;
  /** Names that have a value once the cell has run. */
  values: string[];
}

/** The converted code does not parse. */
export interface SyntaxErrors {
  diagnostics: readonly ts.DiagnosticWithLocation[];
}

export interface ConvertOptions {
  /** Names that earlier cells have given a value. */
  known: ReadonlySet<string>;
  /** How the code gets the kernel's `CellRuntime`: an expression. */
  runtime: string;
}

/** Of a cell in its diagnostics. */
export const fileName = "cell.ts";

/**
 * Turns a cell of TypeScript into JavaScript, by syntax alone: types are erased, not checked. The JavaScript's lines are
 * the source map's; one line of the kernel's own stands before them.
 */
export function convertCell(
  source: string,
  { known, runtime }: ConvertOptions,
): ConvertedCell | SyntaxErrors {
  const file = parse(source);
  const program = createProgram(file);
  const diagnostics = program.getSyntacticDiagnostics(file);
  if (diagnostics.length > 0) return { diagnostics };

  const declarations = findDeclarations(file);
  const names = freeNames(source);
  const rewrite = rewriteCell({ checker: program.getTypeChecker(), declarations, known }, names);
  let [javascript, sourceMap] = ["", ""];
  program.emit(
    file,
    (name, text) => {
      if (name.endsWith(".map")) sourceMap = text;
      else javascript = text;
    },
    undefined,
    false,
    { before: [rewrite] },
  );
  const isAsync = waits(file);
  const hasValue = [...declarations].filter(([, kind]) => kind !== "type" && kind !== "using");
  return {
    javascript: wrap(withoutTrailer(javascript), names, { isAsync, runtime }),
    sourceMap,
    isAsync,
    lastValue: findLastValue(file) && lastValueName,
    values: hasValue.map(([name]) => name),
  };
}

/** Lines of `javascript` before those that the source map knows. */
export const prologueLines = 1;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  isolatedModules: true,
  noLib: true,
  noResolve: true,
  noCheck: true,
  types: [],
  sourceMap: true,
  removeComments: true,
  newLine: ts.NewLineKind.LineFeed,
};

/** As a module, in which `await` stands wherever it likes. */
export function parse(source: string): ts.SourceFile {
  return ts.createSourceFile(
    fileName,
    source,
    {
      languageVersion: ts.ScriptTarget.ES2022,
      setExternalModuleIndicator: (file) => {
        (file as { externalModuleIndicator?: unknown }).externalModuleIndicator = true;
      },
    },
    true,
  );
}

/** Of the one file, without libraries: enough to tell which name is whose. */
function createProgram(file: ts.SourceFile): ts.Program {
  const host: ts.CompilerHost = {
    getSourceFile: (name) => (name === fileName ? file : undefined),
    fileExists: (name) => name === fileName,
    readFile: () => undefined,
    writeFile: () => {},
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  };
  return ts.createProgram({ rootNames: [fileName], options, host });
}

/** TypeScript's own mark of a module, and where it says that its source map is. */
function withoutTrailer(javascript: string): string {
  return javascript.replace(/(^export \{\};\n)?(^\/\/# sourceMappingURL=.*)?\n*(?![\s\S])/m, "");
}

/** In a function of its own, a cell may declare names such as `exports` or `Symbol` that the kernel's line uses. */
function wrap(
  body: string,
  { cells, scope, exports }: RuntimeNames,
  { isAsync, runtime }: { isAsync: boolean; runtime: string },
): string {
  const values = `${cells} = ${runtime}, ${scope} = ${cells}.scope, ${exports} = exports`;
  const start = `"use strict"; const ${values}; return (${isAsync ? "async " : ""}function () {`;
  // Elsewhere than at the very beginning, `#!program` is no JavaScript.
  return `${start}\n${body.replace(/^#!.*/, "")}\n})();`;
}

/** Names that the cell does not use. */
function freeNames(source: string): RuntimeNames {
  const free = (name: string): string => (source.includes(name) ? free(`${name}$`) : name);
  const named = (name: string) => free(internalPrefix + name);
  return { cells: named("cells"), scope: named("scope"), exports: named("exports") };
}

/** Whether the cell waits for something at its top level; imports are waited for. */
function waits(file: ts.SourceFile): boolean {
  const contains = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isAwaitExpression(node) || ts.isImportDeclaration(node)) return true;
    if (ts.isForOfStatement(node) && node.awaitModifier) return true;
    if (ts.isVariableDeclarationList(node) && isAwaitUsing(node)) return true;
    return ts.forEachChild(node, contains) ?? false;
  };
  return contains(file);
}

function isAwaitUsing({ flags }: ts.VariableDeclarationList): boolean {
  return (flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.AwaitUsing;
}
