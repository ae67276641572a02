import type { NotebookKernel } from "./notebook-kernel.js";

/** Packages of the kinds that there are, for tests that import some. */
export function writeTestPackages({ writePackage }: NotebookKernel): void {
  writePackage(
    "esm-only",
    {
      type: "module",
      exports: { ".": { types: "./index.d.ts", import: "./index.js" }, "./sub": { import: "./sub.js" } },
    },
    {
      "index.js":
        "export const a = 1; export default function main() { return 'main' }; export let live = 0; export const grow = () => ++live;",
      "index.d.ts":
        "export const a: number; export default function main(): string; export let live: number; export function grow(): number;",
      "sub.js": "import { a } from './index.js'; export const sub = a + 1;",
    },
  );
  writePackage(
    "dual",
    { exports: { import: "./index.mjs", require: "./index.cjs" } },
    {
      "index.mjs": "export const kind = 'module'; export default { kind }",
      "index.cjs": "exports.kind = 'commonjs'",
    },
  );
  writePackage(
    "hidden",
    { main: "index.js" },
    {
      "index.js":
        "const all = { ['see' + 'n']: 1 }; for (const k of ['x', 'y']) all[k] = k; module.exports = all;",
    },
  );
  writePackage(
    "compiled",
    {},
    {
      "index.js":
        "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = class Main {}; exports.named = 2;",
    },
  );
}
