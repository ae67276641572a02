import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { importOwnPackage } from "./own-packages.js";

type Import = (specifier: string, options?: ImportCallOptions) => Promise<object>;

const importersByFolder = new Map<string, Import>();

/** Node's own `import()`, as from a file in `folder`: packages, Node's modules, and JavaScript files; the kernel's own. */
export async function importPackage(
  specifier: string,
  folder: string,
  options?: ImportCallOptions,
): Promise<object> {
  const own = importOwnPackage(specifier);
  if (own) return namesOfCommonJs(await own);
  const importer = importersByFolder.get(folder) ?? createImporter(folder);
  importersByFolder.set(folder, importer);
  const isJson = specifier.endsWith(".json") && !options;
  return namesOfCommonJs(await importer(specifier, isJson ? { with: { type: "json" } } : options));
}

/** A script's `import()` starts from where the script is said to be. */
function createImporter(folder: string): Import {
  const script = new vm.Script("(specifier, options) => import(specifier, options)", {
    filename: path.join(folder, "notebook.js"),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return script.runInThisContext();
}

const views = new WeakMap<object, object>();

/**
 * Of a CommonJS module Node finds only those exports that a look at the text reveals, and makes `module.exports` the
 * default. Readers expect what bundlers and TypeScript give them: all names, and the module's own default.
 */
function namesOfCommonJs(namespace: object): object {
  const { default: exports } = namespace as { default?: unknown };
  if (typeof exports !== "object" && typeof exports !== "function") return namespace;
  if (exports === null || !isExportsOfCommonJs(exports)) return namespace;
  const known = views.get(exports);
  if (known) return known;
  const view = Object.create(null) as object;
  const { __esModule: isCompiled, default: compiledDefault } = exports as Record<string, unknown>;
  for (const name of new Set([...Object.keys(namespace), ...Object.keys(exports)])) {
    if (name === "default") continue;
    const from = name in exports ? exports : namespace;
    Object.defineProperty(view, name, {
      enumerable: true,
      get: () => (from as Record<string, unknown>)[name],
    });
  }
  const value = isCompiled && compiledDefault !== undefined ? compiledDefault : exports;
  Object.defineProperty(view, "default", { enumerable: true, value });
  views.set(exports, view);
  return view;
}

function isExportsOfCommonJs(exports: unknown): boolean {
  return Object.values(require.cache).some((module) => module?.exports === exports);
}

const require = createRequire(import.meta.url);
