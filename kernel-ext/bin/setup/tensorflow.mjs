/**
 * Set-up of the `tensorflow` engine: TensorFlow's C library from PyPI and tfjs-node's binding compiled against it.
 *
 * A plain `npm install @tensorflow/tfjs-node` downloads prebuilt files from a storage bucket that many networks do
 * not reach, and it names no build for current Node versions. The wheel of `tensorflow-cpu` carries the same library;
 * it is only unpacked here, never imported, so any Python 3 with pip will do as a downloader.
 *
 * Plain Node built-ins only: this runs before, or without, `npm ci`.
 */
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { run, runNpm, SetupError } from "./process.mjs";

const tensorflowVersion = "2.21.0";
const npmPackages = {
  "@tensorflow/tfjs-node": "4.22.0",
  "google-protobuf": "3.21.4",
  "node-api-headers": "1.9.0",
};

/** Where the CPU library comes from. On aarch64 the wheel named `tensorflow` is the CPU build. */
const wheels = {
  x64: {
    name: "tensorflow-cpu",
    platforms: ["manylinux_2_27_x86_64"],
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
  },
  arm64: {
    name: "tensorflow",
    platforms: ["manylinux_2_27_aarch64"],
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
  },
};

const libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
const neededFreeBytes = 2.5e9; // the wheel and what is unpacked from it, for a moment side by side
const retryFix = '"npm run setup".';
const stayWithWasm = "nothing to do: the wasm engine runs everywhere.";

/**
 * Installs the engine into `<root>/.engines/tensorflow`; does nothing when it is there already. Throws `SetupError` where
 * this machine cannot have it, and leaves nothing half-done.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.python a Python 3 that has pip
 * @param {string} [options.logFile] gets the output of the programs that are run
 * @param {(line: string) => void} [options.log]
 */
export async function setupTensorflow({ root, python, logFile, log = () => {} }) {
  const engines = path.join(root, ".engines");
  const destination = path.join(engines, "tensorflow");
  const partial = path.join(engines, `tensorflow.partial-${process.pid}`);
  try {
    const wheel = chooseWheel();
    const stamp = describeInstallation(wheel);
    await removeLeftovers(engines);
    if (await isInstalled(destination, stamp)) return;
    await checkCompiler();
    await fs.mkdir(partial, { recursive: true });
    await checkFreeSpace(partial);

    await downloadLibrary({ partial, python, wheel, logFile, log });
    await downloadPackages({ partial, python, logFile, log });
    await compileBinding({ partial, logFile, log });
    await removeBuildInputs(partial);
    await fs.writeFile(path.join(partial, "stamp.json"), stamp);
    await replaceFolder(partial, destination);
  } finally {
    await fs.rm(partial, { recursive: true, force: true });
  }
}

function chooseWheel() {
  const wheel = process.platform === "linux" ? wheels[process.arch] : undefined;
  if (!wheel) {
    throw new SetupError(
      `There is no set-up of the tensorflow engine for ${process.platform} ${process.arch} yet, only for Linux on x86_64 and aarch64.`,
      { fix: stayWithWasm },
    );
  }
  if (!process.report.getReport().header.glibcVersionRuntime) {
    throw new SetupError("TensorFlow's library needs glibc, and this Linux has another C library.", {
      fix: stayWithWasm,
    });
  }
  return wheel;
}

function describeInstallation(wheel) {
  const versions = { [wheel.name]: tensorflowVersion, ...npmPackages };
  return `${JSON.stringify({ layout: 1, platform: process.platform, arch: process.arch, versions }, null, 2)}\n`;
}

/** What the engine is made of, on any machine: another version has it made again. */
export const engineVersions = () => JSON.stringify({ tensorflowVersion, npmPackages });

/** The stamp is written last, into a folder that is renamed as a whole: a matching stamp means a complete engine. */
async function isInstalled(destination, stamp) {
  const found = await fs.readFile(path.join(destination, "stamp.json"), "utf8").catch(() => undefined);
  return found === stamp;
}

/** Folders of set-ups that were killed before they could clean up after themselves. */
async function removeLeftovers(engines) {
  const names = await fs.readdir(engines).catch(() => []);
  for (const name of names) {
    const owner = /^tensorflow\.(?:partial|old)-(\d+)$/.exec(name)?.[1];
    if (owner && !isRunning(Number(owner))) {
      await fs.rm(path.join(engines, name), { recursive: true, force: true });
    }
  }
}

function isRunning(processId) {
  if (processId === process.pid) return false; // a number used again: nothing of ours is there yet
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function checkCompiler() {
  try {
    await run("g++", ["--version"]);
  } catch {
    throw new SetupError("There is no C++ compiler (g++) to build TensorFlow's binding with.", {
      fix: `"sudo apt install g++" (Fedora: "sudo dnf install gcc-c++"), then ${retryFix}`,
    });
  }
}

async function checkFreeSpace(folder) {
  const { bavail, bsize } = await fs.statfs(folder);
  if (bavail * bsize < neededFreeBytes) {
    throw new SetupError(
      `The disk of ${folder} has ${Math.round((bavail * bsize) / 1e6)} MB free; the engine needs ${neededFreeBytes / 1e6} MB while it installs.`,
      { fix: `make room on that disk, then ${retryFix}` },
    );
  }
}

async function downloadLibrary({ partial, python, wheel, logFile, log }) {
  log(`downloading TensorFlow ${tensorflowVersion} (about 280 MB)`);
  const downloads = path.join(partial, "downloads");
  await fs.mkdir(downloads);
  const requirements = path.join(downloads, "requirements.txt");
  await fs.writeFile(requirements, `${wheel.name}==${tensorflowVersion} --hash=sha256:${wheel.sha256}\n`);
  // The tags of the wheel are pinned, so that the version of this Python does not matter.
  const tags = ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"];
  for (const platform of wheel.platforms) tags.push("--platform", platform);
  await runStep(
    python,
    [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
    ].concat(tags, ["--require-hashes", "--requirement", requirements, "--dest", downloads]),
    `Could not download ${wheel.name} ${tensorflowVersion} from PyPI`,
    logFile,
  );

  log("unpacking the library and its C headers");
  const file = (await fs.readdir(downloads)).find((name) => name.endsWith(".whl"));
  const unpack = `
import sys, zipfile
include = "tensorflow/include/"
wanted = ("tensorflow/libtensorflow_", include + "tensorflow/c/", include + "xla/tsl/", include + "tsl/",
          include + "tensorflow/core/platform/", "tensorflow/THIRD_PARTY")
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(wanted):
            wheel.extract(name, sys.argv[2])
`;
  await runStep(
    python,
    ["-c", unpack, path.join(downloads, file), partial],
    "Could not unpack TensorFlow's wheel",
    logFile,
  );
  await fs.rm(downloads, { recursive: true });
  for (const library of libraries) await fs.access(path.join(partial, "tensorflow", library));
}

/** `npm pack` and not `npm install`: no install script, and no second copy of TensorFlow.js beside the project's. */
async function downloadPackages({ partial, python, logFile, log }) {
  log("downloading tfjs-node's sources and Node's C headers");
  const unpack = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    archive.extractall(sys.argv[2])
`;
  for (const [name, version] of Object.entries(npmPackages)) {
    const target = path.join(partial, "node_modules", name);
    const scratch = path.join(partial, "scratch");
    await fs.mkdir(scratch);
    await runStep(
      "npm",
      ["pack", "--silent", "--ignore-scripts", "--pack-destination", scratch, `${name}@${version}`],
      `Could not download ${name} ${version} from the npm registry`,
      logFile,
    );
    const [archive] = await fs.readdir(scratch);
    await runStep(
      python,
      ["-c", unpack, path.join(scratch, archive), scratch],
      `Could not unpack ${archive}`,
      logFile,
    );
    await fs.mkdir(path.dirname(target), { recursive: true });
    await fs.rename(path.join(scratch, "package"), target);
    await fs.rm(scratch, { recursive: true });
  }
}

async function compileBinding({ partial, logFile, log }) {
  log("compiling the binding (about 20 s)");
  const tfjsNode = path.join(partial, "node_modules/@tensorflow/tfjs-node");
  const binding = path.join(partial, "tfjs_binding.node");
  const defines = ["NAPI_VERSION=8", "NODE_GYP_MODULE_NAME=tfjs_binding", "BUILDING_NODE_EXTENSION"];
  const includes = [
    tfjsNode,
    path.join(partial, "node_modules/node-api-headers/include"),
    path.join(partial, "tensorflow/include"),
  ];
  await runStep(
    "g++",
    [
      ...["-std=c++17", "-O2", "-fPIC", "-shared"],
      ...defines.map((define) => `-D${define}`),
      ...includes.map((folder) => `-I${folder}`),
      path.join(tfjsNode, "binding/tfjs_backend.cc"),
      path.join(tfjsNode, "binding/tfjs_binding.cc"),
      ...["-o", binding, `-L${path.join(partial, "tensorflow")}`],
      ...libraries.map((library) => `-l:${library}`),
      // Relative to the binding, so that the folder can be renamed, and moved with its checkout.
      "-Wl,-rpath,$ORIGIN/tensorflow",
    ],
    "tfjs-node's binding did not compile",
    logFile,
  );
  await runStep(
    process.execPath,
    ["-e", `require(${JSON.stringify(binding)})`],
    "The compiled binding does not load on this machine",
    logFile,
  );
}

async function removeBuildInputs(partial) {
  const inputs = ["tensorflow/include", "node_modules/node-api-headers"];
  for (const input of inputs) await fs.rm(path.join(partial, input), { recursive: true });
}

async function replaceFolder(source, destination) {
  const old = path.join(path.dirname(destination), `tensorflow.old-${process.pid}`);
  try {
    await fs.rename(destination, old);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  await fs.rename(source, destination);
  await fs.rm(old, { recursive: true, force: true });
}

/** Runs a program; where it fails, `failure` says what that means. */
async function runStep(program, args, failure, logFile) {
  try {
    await (program === "npm" ? runNpm(args, { logFile }) : run(program, args, { logFile }));
  } catch (cause) {
    const details = cause.tail?.split("\n").slice(-5).join("\n") || cause.message;
    throw new SetupError(`${failure}: ${details}`, {
      fix: `check the network settings, then ${retryFix}`,
      cause,
    });
  }
}
