// npm packages and the build: the two steps that need nothing but Node.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./paths.mjs";
import { run, runNpm } from "./process.mjs";

const workspaces = ["lib", "kernel-ext", "widgets", "notebooks"];
const read = (path) => readFileSync(join(root, path), "utf8");

/** @type {import("./run-steps.mjs").Step} */
export const packagesStep = {
  id: "packages",
  title: "npm packages",
  inputs: () => [
    read("package-lock.json"),
    read("package.json"),
    ...workspaces.map((folder) => read(`${folder}/package.json`)),
    root,
  ],
  isThere: () => existsSync(join(root, "node_modules", ".package-lock.json")),
  fix: 'check the network or proxy settings of npm ("npm ping"), then run "npm ci --ignore-scripts".',
  async work({ logFile }) {
    // No package of ours needs its install script, and some of those download what may be out of reach.
    await runNpm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { logFile });
  },
};

/** @type {import("./run-steps.mjs").Step} */
export const buildStep = {
  id: "build",
  title: "build",
  inputs: () => [
    ...["tsconfig.json", "tsconfig.base.json", "widgets/build.mjs", "package-lock.json"].map(read),
    ...["lib", "kernel-ext", "widgets"].flatMap((folder) => [
      ...readdirSync(join(root, folder))
        .filter((name) => /^tsconfig.*\.json$/.test(name))
        .map((name) => read(`${folder}/${name}`)),
      ...filesBelow(join(root, folder, "src")).map(
        (file) => relative(root, file) + readFileSync(file, "utf8"),
      ),
    ]),
  ],
  // The bundles of the views come last.
  isThere: () =>
    ["lib/dist/index.js", "kernel-ext/dist/main.js", "widgets/dist/training-monitor/view.js"].every((file) =>
      existsSync(join(root, file)),
    ),
  fix: 'read the compiler messages above; "npm run build" repeats them.',
  async work({ logFile }) {
    const node = (...args) => run(process.execPath, args, { logFile });
    await node("node_modules/typescript/bin/tsc", "-b");
    await node("widgets/build.mjs");
  },
};

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
