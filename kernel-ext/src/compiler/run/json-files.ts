import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { notebookFolder } from "../notebook-folder.js";
import { stampOf } from "../stamp-of.js";
import { findLocalPath } from "./local-files.js";

/** JSON files as modules. Node itself would read each only once, and only with `with { type: "json" }`. */
export class JsonFiles {
  readonly #modules = new Map<string, { stamp: string; module: object }>();

  /** The module of a local JSON file; undefined for anything else. */
  find(specifier: string, folder: string): object | undefined {
    const file = findLocalPath(specifier, folder);
    if (file === undefined || path.extname(file) !== ".json") return undefined;
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined; // Node says so
    const stamp = stampOf(file);
    const known = this.#modules.get(file);
    if (known?.stamp === stamp) return known.module;
    const module = toModule(parseFile(file));
    this.#modules.set(file, { stamp, module });
    return module;
  }
}

function parseFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`${path.relative(notebookFolder, file)}: ${error.message}`);
  }
}

/** As TypeScript sees it: the value is the default, and an object's properties have their names. */
function toModule(value: unknown): object {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.freeze({ __proto__: null, ...(isObject ? value : {}), default: value });
}
