import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** How cells are checked: as modules that Node runs, without the switches that only large programs want. */
export function compilerOptions(directory: string): ts.CompilerOptions {
  return {
    // What newer syntax Node does not know, the converter turns into older.
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.ESNext,
    // As cells import: `exports` of packages are followed, local files need no extension.
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    lib: libraries(Number.parseInt(process.versions.node, 10)),
    types: ["node"],
    paths: ownPackages(),
    typeRoots: typeRoots(directory),
    allowJs: true,
    allowImportingTsExtensions: true,
    allowSyntheticDefaultImports: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    jsx: ts.JsxEmit.React,
    skipLibCheck: true,
    skipDefaultLibCheck: true,
  };
}

/** What this Node knows of JavaScript's own objects. */
function libraries(nodeVersion: number): string[] {
  const since22 = [
    "lib.es2024.d.ts",
    ...["array", "collection", "iterator"].map((name) => `lib.esnext.${name}.d.ts`),
  ];
  return ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", ...(nodeVersion >= 22 ? since22 : [])];
}

/** Packages that belong to the kernel, wherever the notebook is. */
function ownPackages(): Record<string, string[]> {
  const tslab = path.dirname(resolveOwn("tslab/package.json"));
  return { tslab: [tslab], "@latentlab/kernel": [fileURLToPath(new URL("../../index", import.meta.url))] };
}

/** The notebook's own types of Node where it has them, else those that came with the kernel. */
function typeRoots(directory: string): string[] {
  const own = ts.getEffectiveTypeRoots({}, { getCurrentDirectory: () => directory }) ?? [];
  return [...own, path.dirname(path.dirname(resolveOwn("@types/node/package.json")))];
}

const { resolve: resolveOwn } = createRequire(import.meta.url);
