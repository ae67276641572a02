/**
 * Set-up of the `torch` engine: PyTorch's wheel in `.venv`, and our addon (lib/native) compiled against its libtorch.
 *
 * There are two extents. `complete` is `pip install torch`, with CUDA's libraries: for NVIDIA's GPUs, and for programs
 * that import PyTorch itself. Otherwise the wheel is installed alone, with the two small libraries of CUDA's that its
 * CPU library is linked to: a fifth of the download.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checkCompiler, installEngine, nodeHeaders, runStep, unpackNpmPackage } from "./engine-install.mjs";
import { run, SetupError } from "./process.mjs";

const torchVersion = "2.11.0";
/** The versions that torch itself names (its "cuda-toolkit 13.0.2"). */
const cudaRuntime = ["nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cupti==13.0.85"];
/** Headers that NVIDIA's other wheels include and do not have. */
const cudaHeaders = "nvidia-cuda-crt==13.0.88";

const extents = {
  libraries: {
    pip: ["--no-deps", `torch==${torchVersion}`, ...cudaRuntime],
    download: "about 530 MB",
    downloadBytes: 0.6e9,
    installedBytes: 1.3e9,
  },
  complete: {
    pip: [`torch==${torchVersion}`, ...cudaRuntime, cudaHeaders, "numpy>=2.2,<3"],
    download: "about 2.9 GB",
    downloadBytes: 3e9,
    installedBytes: 4.5e9,
  },
};

const again = '"npm run setup -- --engine torch".';
const otherEngines = "nothing to do: the other engines run without it.";

/**
 * Installs PyTorch into the virtual environment and the addon into `<root>/.engines/torch`; does nothing where both are
 * there. Throws `SetupError` where this machine cannot have it, and leaves nothing half-done.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.python the virtual environment's Python
 * @param {boolean} options.complete whether GPUs or PyTorch itself are wanted
 * @param {string} [options.logFile] gets the output of the programs that are run
 * @param {(line: string) => void} [options.log]
 * @returns {Promise<string>} what there is now
 */
export async function setupTorch({ root, python, complete, logFile, log = () => {} }) {
  checkSystem();
  await checkCompiler("the addon", again);
  const before = await inspect(python);
  // What is there in full stays so, although less may be wanted now.
  const extent = complete || before.imports ? "complete" : "libraries";
  const torch = isGood(before, extent)
    ? before
    : await installTorch({ python, extent, before, logFile, log });
  const build = describeBuild(root, torch.sitePackages, extent);
  await installEngine({
    root,
    name: "torch",
    stamp: `${JSON.stringify(build, null, 2)}\n`,
    check: async () => {},
    build: (partial) => compileAddon({ root, partial, python, build, logFile, log }),
  });
  return `torch ${torch.version}, ${build.withCuda ? "for CPU and NVIDIA's GPUs" : "for the CPU"}`;
}

/** What the engine is made of, besides what the machine decides: other inputs have it made again. */
export const torchInputs = (root) => [JSON.stringify(extents), nodeHeaders.version, sourcesHash(root)];

/** Whether an earlier set-up's result is there; the virtual environment may have been made anew since. */
export function isTorchThere(root, complete) {
  try {
    const stamp = JSON.parse(readFileSync(path.join(root, ".engines/torch/stamp.json"), "utf8"));
    const library = path.join(root, stamp.sitePackages, "torch/lib/libtorch_cpu.so");
    return existsSync(library) && (stamp.extent === "complete" || !complete);
  } catch {
    return false;
  }
}

function checkSystem() {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new SetupError(
      `There is no set-up of the torch engine for ${process.platform} ${process.arch} yet, only for Linux on x86_64 and aarch64.`,
      { fix: otherEngines },
    );
  }
  if (!process.report.getReport().header.glibcVersionRuntime) {
    throw new SetupError("PyTorch's libraries need glibc, and this Linux has another C library.", {
      fix: otherEngines,
    });
  }
}

/** @returns {Promise<{ python: string, sitePackages: string, version?: string, damage?: string, imports: boolean }>} */
async function inspect(python) {
  const script = fileURLToPath(new URL("inspect-torch.py", import.meta.url));
  try {
    return JSON.parse(await run(python, [script, "import"]));
  } catch (cause) {
    throw new SetupError(`The virtual environment's Python (${python}) does not run.`, {
      fix: `remove the folder .venv, then ${again}`,
      cause,
    });
  }
}

/** A local part of the version ("2.11.0+cpu") is a build from elsewhere than PyPI, of the same torch. */
const isGood = ({ version, damage, imports }, extent) =>
  version?.split("+")[0] === torchVersion && !damage && (extent !== "complete" || imports);

async function installTorch({ python, extent, before, logFile, log }) {
  const { pip, download, downloadBytes, installedBytes } = extents[extent];
  await checkSpace(before.sitePackages, installedBytes, downloadBytes);
  if (before.damage) log(`${before.damage}: installing it again`);
  else if (before.version && before.version !== torchVersion) log(`replacing torch ${before.version}`);
  log(`downloading PyTorch ${torchVersion} (${download})`);
  // A half-installed package cannot be uninstalled, only written over.
  const overwrite = before.damage ? ["--ignore-installed"] : [];
  await runStep(
    python,
    ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", ...overwrite, ...pip],
    {
      failure: `Could not install torch ${torchVersion} from PyPI`,
      fix: `check the network settings of pip, then ${again}`,
      logFile,
    },
  ).catch((error) => {
    throw explainPip(error, before.python);
  });
  const after = await inspect(python);
  if (isGood(after, extent)) return after;
  throw new SetupError(
    `PyTorch does not work after its installation: ${after.damage ?? `its version is ${after.version}, and it ${after.imports ? "can" : "cannot"} be imported`}.`,
    { fix: `remove the folder .venv, then ${again}` },
  );
}

function explainPip(error, python) {
  if (!/No matching distribution found for torch/.test(error.cause?.tail ?? "")) return error;
  return new SetupError(`There is no torch ${torchVersion} for Python ${python} on this system.`, {
    fix: `name a Python from 3.10 to 3.14 in LATENTLAB_PYTHON, remove the folder .venv, then ${again}`,
    cause: error,
  });
}

/** pip downloads to the folder for temporary files, which is often another disk, and a small one. */
async function checkSpace(sitePackages, installedBytes, downloadBytes) {
  const temporary = tmpdir();
  const sameDisk = (await fs.stat(sitePackages)).dev === (await fs.stat(temporary)).dev;
  const needs = sameDisk
    ? [[sitePackages, installedBytes + downloadBytes, "make room on that disk"]]
    : [
        [sitePackages, installedBytes, "make room on that disk"],
        [temporary, downloadBytes, "make room on that disk, or name a folder on another one in TMPDIR"],
      ];
  for (const [folder, bytes, fix] of needs) {
    const { bavail, bsize } = await fs.statfs(folder);
    if (bavail * bsize >= bytes) continue;
    throw new SetupError(
      `The disk of ${folder} has ${gigabytes(bavail * bsize)} free; PyTorch needs ${gigabytes(bytes)} while it installs.`,
      { fix: `${fix}, then ${again}` },
    );
  }
}

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/** What decides over the addon; becomes its stamp. */
function describeBuild(root, sitePackages, extent) {
  const has = (file) => existsSync(path.join(sitePackages, file));
  return {
    layout: 1,
    platform: process.platform,
    arch: process.arch,
    torch: torchVersion,
    extent,
    sitePackages: path.relative(root, sitePackages),
    withCuda:
      extent === "complete" &&
      has("torch/lib/libtorch_cuda.so") &&
      has("nvidia/cu13/include/cuda_runtime_api.h") &&
      has("nvidia/cu13/include/crt/host_config.h"),
    nodeHeaders: nodeHeaders.version,
    sources: sourcesHash(root),
  };
}

function sourcesHash(root) {
  const folder = path.join(root, "lib/native");
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (/\.(cc|h)$/.test(name))
      hash
        .update(name)
        .update("\0")
        .update(readFileSync(path.join(folder, name)));
  }
  return hash.digest("hex");
}

async function compileAddon({ root, partial, python, build, logFile, log }) {
  const headers = path.join(partial, "node-headers");
  await unpackNpmPackage(nodeHeaders, headers, { python, logFile, again });
  log("compiling the addon (about 20 s)");
  const addon = path.join(partial, "addon.node");
  await runStep("g++", compilerArguments({ root, addon, headers, build }), {
    failure: "The addon did not compile",
    fix: `GCC 9 or newer is needed ("g++ --version"); the compiler's messages are in .setup/torch.log. Then ${again}`,
    logFile,
  });
  await fs.rm(headers, { recursive: true });
  log("loading it");
  const program = `console.log(require(${JSON.stringify(addon)}).info().torch)`;
  const loaded = await runStep(process.execPath, ["--eval", program], {
    failure: "The compiled addon does not load on this machine",
    fix: `remove the folder .venv, then ${again}`,
    logFile,
  });
  if (loaded.trim() === torchVersion) return;
  throw new SetupError(`The addon found torch ${loaded.trim()} and not ${torchVersion}.`, {
    fix: `remove what names another libtorch from LD_LIBRARY_PATH and LD_PRELOAD, then ${again}`,
  });
}

function compilerArguments({ root, addon, headers, build: { sitePackages, withCuda } }) {
  const site = path.join(root, sitePackages);
  const torch = path.join(site, "torch");
  const cuda = path.join(site, "nvidia/cu13");
  // Relative to the addon, so that the checkout can be moved.
  const libraryPath = `$ORIGIN/../../${sitePackages}`;
  return [
    ...["-shared", "-fPIC", "-O2", "-std=c++17", "-fvisibility=hidden"],
    ...(withCuda ? ["-DWITH_CUDA", "-isystem", path.join(cuda, "include")] : []),
    `-I${path.join(headers, "include")}`,
    ...["-isystem", path.join(torch, "include")],
    ...["-isystem", path.join(torch, "include/torch/csrc/api/include")],
    path.join(root, "lib/native/addon.cc"),
    ...["-o", addon],
    `-L${path.join(torch, "lib")}`,
    // Kept although the addon calls nothing in some of them: libtorch_cuda registers its operators when it is loaded.
    "-Wl,--no-as-needed",
    ...["-ltorch_cpu", "-lc10"],
    ...(withCuda ? ["-ltorch_cuda", "-lc10_cuda", `-L${path.join(cuda, "lib")}`, "-l:libcudart.so.13"] : []),
    // libtorch cannot be unloaded and loaded again in one process, which the end of a worker would do.
    "-Wl,-z,nodelete",
    `-Wl,-rpath,${libraryPath}/torch/lib:${libraryPath}/nvidia/cu13/lib`,
  ];
}
