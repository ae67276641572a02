import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "../../..");

/**
 * One module of the engines, TensorFlow.js and its tests, all on the same copy of tfjs-core: the published files import
 * each other without extensions, as bundlers understand it and Node does not.
 *
 * @returns {Promise<string>} its path, below node_modules so that it finds what is not in it
 */
export async function bundleTests() {
  const file = path.join(root, "node_modules/.cache/latentlab/tfjs-core-tests.mjs");
  await build({
    entryPoints: [path.join(import.meta.dirname, "entry.mjs")],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    mainFields: ["module", "main"],
    // Loads its WebAssembly from beside itself.
    external: ["jasmine-core", "jasmine-core/*", "@tensorflow/tfjs-backend-wasm"],
    banner: { js: 'import { createRequire as _r } from "node:module"; const require = _r(import.meta.url);' },
    // The package calls its tests free of side effects.
    ignoreAnnotations: true,
    logLevel: "error",
  });
  return file;
}
