import fs from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

/** Below node_modules, so that a bundle finds what is not in it. */
const cache = path.resolve(import.meta.dirname, "../../../node_modules/.cache/latentlab");

/** A program beside this file, as JavaScript that any Node runs. */
export class ChildProgram {
  readonly #source: string;
  /** For whatever belongs to it; goes with it. */
  readonly folder: string;
  readonly file: string;

  constructor(source: string) {
    this.#source = path.join(import.meta.dirname, source);
    this.folder = path.join(cache, `${path.parse(source).name}-${process.pid}`);
    this.file = path.join(this.folder, "child.mjs");
  }

  async build(): Promise<void> {
    await build({
      entryPoints: [this.#source],
      outfile: this.file,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "error",
    });
  }

  remove(): Promise<void> {
    return fs.rm(this.folder, { recursive: true, force: true });
  }
}
