import path from "node:path";
import ts from "typescript";

export const folder = path.resolve(import.meta.dirname, "../..");

/** The library as the compiler sees it, and what it exports, each at the place where it is declared. */
export function readLibrary(): { checker: ts.TypeChecker; exports: ts.Symbol[] } {
  const { config } = ts.readConfigFile(path.join(folder, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const entry = path.join(folder, "src/index.ts");
  const program = ts.createProgram([entry], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile) as ts.Symbol;
  return { checker, exports: checker.getExportsOfModule(module).map((symbol) => declared(checker, symbol)) };
}

/** What an import or a re-export stands for. */
export const declared = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
