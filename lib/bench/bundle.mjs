// Bundles the benchmarks and the library's sources into files that Node runs.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const common = { bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "warning" };

/** For this checkout. What npm installed stays outside: the benchmark measures the packages as they are. */
export async function bundleBenchmarks(outfile = join(here, "dist", "bench.mjs")) {
  await build({
    ...common,
    entryPoints: [join(here, "main.ts")],
    outfile,
    packages: "external",
    sourcemap: "inline",
  });
  return outfile;
}

/** TensorFlow.js is CommonJS: its names become exports of an ES module here, for the scripts that import it. */
const namedExports = {
  name: "named exports",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^exports-of:/ }, ({ path }) => ({
      path: path.replace("exports-of:", ""),
      namespace: "named exports",
    }));
    onLoad({ filter: /.*/, namespace: "named exports" }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter(
        (name) => name !== "default" && name !== "module.exports",
      );
      const contents = `import * as wholePackage from "${path}";\nexport const { ${names.join(", ")} } = wholePackage;`;
      return { contents, resolveDir: here };
    });
  },
};

/** For a machine without npm: the benchmarks, the library and TensorFlow.js, in files that share one copy of each. */
export async function bundleHeadless(outdir) {
  await build({
    ...common,
    entryPoints: {
      bench: join(here, "main.ts"),
      latentlab: join(here, "..", "src", "index.ts"),
      "tfjs-core": "exports-of:@tensorflow/tfjs-core",
      tfjs: "exports-of:@tensorflow/tfjs",
    },
    plugins: [namedExports],
    outdir,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    alias: {
      sharp: join(here, "headless", "sharp.mjs"),
      "@tensorflow/tfjs-backend-wasm": join(here, "headless", "missing-package.mjs"),
    },
    // TensorFlow.js's CommonJS modules ask for Node's own by a global require, which ES modules do not have.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; globalThis.require ??= makeRequire(import.meta.url);',
    },
  });
}
