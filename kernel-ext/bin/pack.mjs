#!/usr/bin/env node
// npm run pack -- --headless [--out FILE]: one file that trains and measures on a machine with only python3, torch and g++.
import "./setup/check-node.mjs";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./setup/paths.mjs";
import { run, SetupError } from "./setup/process.mjs";
import { findPython } from "./setup/python.mjs";
import { runCommand } from "./setup/run-steps.mjs";

const usage = "npm run pack -- --headless [--out latentlab-headless.pyz]";
const sizeLimitBytes = 60e6;
const headers = ["node_api.h", "node_api_types.h", "js_native_api.h", "js_native_api_types.h"];
const bench = join(root, "lib", "bench");

await runCommand(async () => {
  const out = readArguments();
  mkdirSync(dirname(out), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "latentlab-pack-"));
  try {
    await gather(folder);
    await archive(folder, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const size = statSync(out).size;
  if (size > sizeLimitBytes)
    throw new SetupError(`${out} has ${megabytes(size)}, more than ${megabytes(sizeLimitBytes)}.`, {
      fix: "look what has grown.",
    });
  console.log(`${out}: ${megabytes(size)}

On a Linux machine with python3, torch and g++:
  python3 ${relative(process.cwd(), out)} bench engines --model S,L,D --out engines.json`);
  return 0;
});

function readArguments() {
  try {
    const { values } = parseArgs({ options: { headless: { type: "boolean" }, out: { type: "string" } } });
    if (!values.headless) throw new Error("Nothing to pack was named.");
    return resolve(values.out ?? "latentlab-headless.pyz");
  } catch (error) {
    throw new SetupError(error.message, { fix: usage });
  }
}

/** Everything that goes into the pack, as it will lie after unpacking. */
async function gather(folder) {
  const { bundleHeadless } = await import("../../lib/bench/bundle.mjs");
  const app = join(folder, "app");
  await bundleHeadless(app);
  for (const file of ["reference.py", "reference_models.py", "vae_reference.py"])
    cpSync(join(bench, file), join(app, file));
  cpSync(join(bench, "headless", "packages.mjs"), join(app, "packages.mjs"));
  cpSync(join(root, "lib", "native"), join(folder, "native"), { recursive: true });
  cpSync(join(bench, "native", "profiler.cc"), join(folder, "native", "profiler.cc"));
  const include = join(folder, "include");
  mkdirSync(include);
  for (const header of headers) cpSync(join(nodeHeaders(), header), join(include, header));
  cpSync(join(bench, "headless", "__main__.py"), join(folder, "__main__.py"));
  cpSync(process.execPath, join(folder, "node"));
  const revision = await run("git", ["describe", "--always", "--dirty"]).catch(() => "unknown revision");
  const manifest = {
    revision: revision.trim(),
    date: new Date().toISOString().slice(0, 16),
    node: process.versions.node,
    platform: `${process.platform}-${{ x64: "x86_64", arm64: "aarch64" }[process.arch]}`,
    digest: digest(folder),
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
}

/** Node-API's C headers come with Node: beside its program, or in Debian's place. */
function nodeHeaders() {
  const candidates = [join(dirname(process.execPath), "..", "include", "node"), "/usr/include/node"];
  const found = candidates.find((candidate) => existsSync(join(candidate, headers[0])));
  if (!found) {
    throw new SetupError(`Node's C headers were not found in ${candidates.join(" or ")}.`, {
      fix: "use a Node from https://nodejs.org, which includes them (Debian: apt install libnode-dev).",
    });
  }
  return found;
}

function digest(folder) {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const file of files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort())
    hash.update(relative(folder, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

/** Python writes the archive: it can compress Node with xz, which halves the size against zip's own method. */
async function archive(folder, out) {
  const python = await findPython();
  const script = `import lzma, os, sys, zipfile
folder, out = sys.argv[1:3]
with zipfile.ZipFile(out + ".partial", "w", zipfile.ZIP_DEFLATED) as pack:
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.relpath(path, folder) != "node":
                pack.write(path, os.path.relpath(path, folder))
    with open(os.path.join(folder, "node"), "rb") as node:
        pack.writestr(zipfile.ZipInfo("node.xz"), lzma.compress(node.read(), preset=6), zipfile.ZIP_STORED)
os.replace(out + ".partial", out)`;
  console.log("compressing Node, half a minute");
  await run(python.path, ["-c", script, folder, out]);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
