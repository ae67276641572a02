import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findEngineFolder } from "../../../src/engine/folder.js";
import { explainLoadFailure, loadAddon } from "../../../src/engine/torch/load-addon.js";

const installed = path.join(findEngineFolder("torch") ?? "", "addon.node");
const installedAddon = loadAddon();
const execute = promisify(execFile);
let engines: string;
let folder: string;

beforeEach(async () => {
  engines = await mkdtemp(path.join(tmpdir(), "latentlab-engines-"));
  folder = path.join(engines, "torch");
  await mkdir(folder);
  vi.stubEnv("LATENTLAB_ENGINES", engines);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(engines, { recursive: true });
});

/** `engines` lies in the folder of temporary files, where `.engines` would lie in a checkout. */
const stamp = (torch = "2.11.0") => {
  const sitePackages = path.join(path.basename(engines), "packages");
  return writeFile(path.join(folder, "stamp.json"), JSON.stringify({ torch, sitePackages }));
};
const addon = () => path.join(folder, "addon.node");

/** A shared library of ours in the addon's place. */
async function compile(source: string, options: string[] = []): Promise<void> {
  const file = path.join(folder, "source.c");
  await writeFile(file, source);
  await execute("gcc", ["-shared", "-fPIC", file, "-o", addon(), ...options]);
}

const unavailable = (reason: RegExp) =>
  expect.objectContaining({
    name: "EngineError",
    code: "ERR_ENGINE_UNAVAILABLE",
    fix: "npm run setup -- --engine torch",
    message: expect.stringMatching(reason),
  });

describe("loadAddon", () => {
  it("loads what the set-up has made", () => {
    vi.unstubAllEnvs();
    expect(loadAddon().info().torch).toMatch(/^2\./);
    expect(loadAddon()).toBe(loadAddon());
  });

  it("says that nothing is set up where the folder has no stamp", () => {
    expect(loadAddon).toThrow(
      unavailable(/cannot start: it is not set up on this machine\. Run `npm run setup -- --engine/),
    );
  });

  it("says that the stamp is damaged", async () => {
    await writeFile(path.join(folder, "stamp.json"), '{"torch": "2.');
    expect(loadAddon).toThrow(unavailable(/stamp\.json is damaged/));
  });

  it("says that the addon is missing", async () => {
    await stamp();
    expect(loadAddon).toThrow(unavailable(/addon\.node is missing/));
  });

  it.each([0, 40, 100_000])("says that an addon of which only %i bytes came is damaged", async (bytes) => {
    await stamp();
    await copyFile(installed, addon());
    await truncate(addon(), bytes);
    expect(loadAddon).toThrow(unavailable(/addon\.node is damaged/));
  });

  it("says that a library is no longer there", async () => {
    await stamp();
    const library = path.join(folder, "libtorch_gone.so"); // one that no other test has loaded into this process
    await compile("");
    await rename(addon(), library);
    await compile("", ["-Wl,--no-as-needed", `-L${folder}`, "-ltorch_gone"]);
    await rm(library);
    expect(loadAddon).toThrow(unavailable(/PyTorch's library libtorch_gone\.so is not where it was/));
  });

  it("says that the addon was compiled for another libtorch", async () => {
    await stamp();
    await compile("void of_another_version(void); void use(void) { of_another_version(); }", ["-Wl,-z,now"]);
    expect(loadAddon).toThrow(unavailable(/not the one that it was compiled for/));
  });

  it("says that a library of PyTorch's has not come as a whole", async () => {
    await stamp();
    await copyFile(installed, addon());
    const libraries = path.join(engines, "packages/torch/lib");
    await mkdir(libraries, { recursive: true });
    await copyFile(installed, path.join(libraries, "libtorch_cpu.so"));
    await truncate(path.join(libraries, "libtorch_cpu.so"), 200_000);
    expect(loadAddon).toThrow(unavailable(/libtorch_cpu\.so is damaged/));
  });

  it("says that torch is of another version than at set-up", async () => {
    await stamp("2.0.0");
    await symlink(installed, addon());
    expect(loadAddon).toThrow(
      unavailable(/compiled for torch 2\.0\.0, and the one in the virtual environment is 2\./),
    );
  });
});

describe.runIf(installedAddon.info().compiledForCuda)("the addon for GPUs", () => {
  const driver = `int cuDriverGetVersion(int *version) { *version = 11040; return 0; }
int cuInit(unsigned flags) { return 0; }`;

  it.each([
    [
      "says that the driver is too old",
      driver,
      /driver .*\(CUDA 11\.4\) is too old: .* needs one for CUDA 13\.\d/,
    ],
    ["says that there is none", "", /no NVIDIA driver/],
  ])("%s, and computes on the CPU", async (_, source, reason) => {
    await compile(source);
    await rename(addon(), path.join(folder, "libcuda.so.1"));
    const program = `const addon = require(${JSON.stringify(installed)});
console.log(addon.info().cudaError);
const ones = addon.call(addon.op("aten::ones", ""), [2]);
console.log(addon.download(ones).join());`;
    const env = { ...process.env, LD_LIBRARY_PATH: folder };
    const { stdout } = await execute(process.execPath, ["--eval", program], { env });
    const [cudaError, numbers] = stdout.trim().split("\n");
    expect(cudaError).toMatch(reason);
    expect(numbers).toBe("1,1");
  });
});

describe("explainLoadFailure", () => {
  it.each([
    [
      "libcudart.so.13: cannot open shared object file: No such file or directory",
      /CUDA's library libcudart\.so\.13/,
    ],
    [
      "libgomp.so.1: cannot open shared object file: No such file or directory",
      /library libgomp\.so\.1 is missing/,
    ],
    [
      "/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /a/addon.node)",
      /newer system \(GLIBCXX 3\.4\.32\)/,
    ],
    ["/site-packages/torch/lib/libtorch_cpu.so: file too short", /its file libtorch_cpu\.so is damaged/],
    ["something else\nwith details", /^something else$/],
  ])("explains %s", (message, sentence) => {
    expect(explainLoadFailure(message)).toMatch(sentence);
  });
});
