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
import {
  checkCompiler,
  checkFreeSpace,
  installEngine,
  nodeHeaders,
  runStep,
  unpackNpmPackage,
} from "./engine-install.mjs";
import { hasNvidiaDriver } from "./nvidia-driver.mjs";
import { SetupError } from "./process.mjs";
import { cudaWheels } from "./tensorflow-cuda.mjs";

const tensorflowVersion = "2.21.0";
const tfjsNodeVersion = "4.22.0"; // of both packages: the same JavaScript and the same binding
const otherPackages = { "google-protobuf": "3.21.4", [nodeHeaders.name]: nodeHeaders.version };

/**
 * The engine's two forms. The wheels are those of Python 3.11; on aarch64 the wheel named `tensorflow` is the CPU build.
 * Free bytes: the wheels and what is unpacked from them, for a moment side by side.
 */
const variants = {
  cpu: {
    folder: "tensorflow",
    package: "@tensorflow/tfjs-node",
    wheels: {
      x64: {
        name: "tensorflow-cpu",
        sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
      },
      arm64: {
        name: "tensorflow",
        sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
      },
    },
    besides: [],
    download: "about 280 MB",
    neededFreeBytes: 2.5e9,
    again: '"npm run setup".',
  },
  gpu: {
    folder: "tensorflow-gpu",
    package: "@tensorflow/tfjs-node-gpu",
    wheels: {
      x64: {
        name: "tensorflow",
        sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
      },
    },
    besides: cudaWheels,
    download: "about 3.3 GB",
    neededFreeBytes: 12e9,
    again: '"npm run setup -- --engine tensorflow-gpu".',
  },
};
const platforms = {
  x64: [
    "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
  ],
  arm64: ["manylinux_2_27_aarch64"],
};

const libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
const networkFix = ({ again }) => `check the network settings, then ${again}`;
const stayWithWasm = "nothing to do: the wasm engine runs everywhere.";

/**
 * Installs the engine into `<root>/.engines/tensorflow`, or `tensorflow-gpu`; does nothing when it is there already.
 * Throws `SetupError` where this machine cannot have it, and leaves nothing half-done.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.python a Python 3 that has pip
 * @param {"cpu" | "gpu"} [options.variant] `gpu` is for NVIDIA's GPUs, and needs their driver
 * @param {boolean} [options.force] installs `gpu` also where there is no driver
 * @param {string} [options.logFile] gets the output of the programs that are run
 * @param {(line: string) => void} [options.log]
 */
export async function setupTensorflow({
  root,
  python,
  variant = "cpu",
  force = false,
  logFile,
  log = () => {},
}) {
  const wanted = variants[variant];
  const wheel = chooseWheel(wanted);
  const context = { ...wanted, wheel, python, logFile, log };
  await installEngine({
    root,
    name: wanted.folder,
    stamp: describeInstallation(wanted, wheel),
    async check() {
      if (variant === "gpu" && !force) checkDriver();
      await checkCompiler("TensorFlow's binding", wanted.again);
    },
    async build(partial) {
      await checkFreeSpace(partial, wanted.neededFreeBytes, wanted.again);
      await downloadLibraries(partial, context);
      await downloadPackages(partial, context);
      await compileBinding(partial, context);
      await removeBuildInputs(partial);
    },
  });
}

function chooseWheel({ wheels, folder }) {
  const wheel = process.platform === "linux" ? wheels[process.arch] : undefined;
  if (!wheel) {
    const systems = folder === "tensorflow" ? "x86_64 and aarch64" : "x86_64";
    throw new SetupError(
      `There is no set-up of the ${folder} engine for ${process.platform} ${process.arch} yet, only for Linux on ${systems}.`,
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

function checkDriver() {
  if (hasNvidiaDriver()) return;
  throw new SetupError(
    "There is no NVIDIA driver on this machine, and the tensorflow-gpu engine would be 3.3 GB to download for nothing.",
    { fix: 'use the engine for the CPU ("npm run setup"), or install NVIDIA\'s driver first.' },
  );
}

function describeInstallation(variant, wheel) {
  const versions = {
    [wheel.name]: tensorflowVersion,
    [variant.package]: tfjsNodeVersion,
    ...otherPackages,
    ...Object.fromEntries(variant.besides.map(({ name, version }) => [name, version])),
  };
  return `${JSON.stringify({ layout: 1, platform: process.platform, arch: process.arch, versions }, null, 2)}\n`;
}

/** What the engine is made of, on any machine: another version has it made again. */
export const engineVersions = () =>
  JSON.stringify({ tensorflowVersion, tfjsNodeVersion, otherPackages, cudaWheels });

/** TensorFlow's library with its C headers, and CUDA's beside it, where TensorFlow's looks for them. */
async function downloadLibraries(partial, context) {
  const { wheel, besides, python, download, logFile, log } = context;
  log(`downloading TensorFlow ${tensorflowVersion} (${download})`);
  const downloads = path.join(partial, "downloads");
  await fs.mkdir(downloads);
  const requirements = path.join(downloads, "requirements.txt");
  const pinned = [{ ...wheel, version: tensorflowVersion }, ...besides];
  const lines = pinned.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`);
  await fs.writeFile(requirements, lines.join(""));
  // The tags of the wheels are pinned, so that the version of this Python does not matter.
  const tags = ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"];
  for (const platform of platforms[process.arch]) tags.push("--platform", platform);
  const quiet = ["--quiet", "--disable-pip-version-check"];
  await runStep(
    python,
    ["-m", "pip", "download", ...quiet, "--no-deps", "--only-binary=:all:", ...tags].concat([
      "--require-hashes",
      "--requirement",
      requirements,
      "--dest",
      downloads,
    ]),
    {
      failure: `Could not download ${wheel.name} ${tensorflowVersion} from PyPI`,
      fix: networkFix(context),
      logFile,
    },
  );

  log("unpacking the library and its C headers");
  const unpack = `
import pathlib, re, sys, zipfile
include = "tensorflow/include/"
wanted = ("tensorflow/libtensorflow_", include + "tensorflow/c/", include + "xla/tsl/", include + "tsl/",
          include + "tensorflow/core/platform/", "tensorflow/THIRD_PARTY")
cuda = re.compile("nvidia/.*(/lib/.*[.]so|/bin/|/nvvm/|[Ll]icense)")
for path in pathlib.Path(sys.argv[1]).glob("*.whl"):
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if name.startswith(wanted) or cuda.match(name):
                wheel.extract(name, sys.argv[2])
    path.unlink()
`;
  await runStep(python, ["-c", unpack, downloads, partial], {
    failure: "Could not unpack TensorFlow's wheel",
    fix: networkFix(context),
    logFile,
  });
  await fs.rm(downloads, { recursive: true });
  for (const library of libraries) await fs.access(path.join(partial, "tensorflow", library));
}

async function downloadPackages(partial, { package: tfjsNode, python, logFile, log, again }) {
  log("downloading tfjs-node's sources and Node's C headers");
  for (const [name, version] of Object.entries({ [tfjsNode]: tfjsNodeVersion, ...otherPackages })) {
    const target = path.join(partial, "node_modules", name);
    await unpackNpmPackage({ name, version }, target, { python, logFile, again });
  }
}

async function compileBinding(partial, context) {
  const { logFile, log } = context;
  log("compiling the binding (about 20 s)");
  const tfjsNode = path.join(partial, "node_modules", context.package);
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
    { failure: "tfjs-node's binding did not compile", fix: networkFix(context), logFile },
  );
  await runStep(process.execPath, ["-e", `require(${JSON.stringify(binding)})`], {
    failure: "The compiled binding does not load on this machine",
    fix: networkFix(context),
    logFile,
  });
}

async function removeBuildInputs(partial) {
  const inputs = ["tensorflow/include", "node_modules/node-api-headers"];
  for (const input of inputs) await fs.rm(path.join(partial, input), { recursive: true });
}
