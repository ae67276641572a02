import ts from "typescript";
import { weaveCheckpoints } from "./checkpoints.js";
import { internalPrefix } from "./naming.js";

export interface ConvertedModule {
  javascript: string;
  /** From `javascript` to the file, as JSON. */
  sourceMap: string;
  diagnostics: readonly ts.Diagnostic[];
}

/** Lines that stand before those of the source map. */
export const modulePrologueLines = 1;

/** Turns a local TypeScript file into an ES module, by syntax alone. @param runtime how it gets the `CellRuntime` */
export function convertModule(source: string, fileName: string, runtime: string): ConvertedModule {
  let cells = `${internalPrefix}cells`;
  while (source.includes(cells)) cells += "$";
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    transformers: { before: [weaveCheckpoints(cells)] },
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      jsx: ts.JsxEmit.React,
      sourceMap: true,
    },
  });
  const body = outputText.replace(/^\/\/# sourceMappingURL=.*$/m, "");
  return {
    javascript: `const ${cells} = ${runtime};\n${body}`,
    sourceMap: sourceMapText ?? "",
    diagnostics: diagnostics ?? [],
  };
}
