import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/**
 * What the set-up of the torch engine does with what it finds, with programs of our own in the places of pip, npm and
 * g++. That it works with the real ones is what the engine's own tests show: `npm test` sets it up.
 */
const execute = promisify(execFile);
const checkout = path.resolve(import.meta.dirname, "../../..");
const script = pathToFileURL(path.join(checkout, "kernel-ext/bin/setup/torch.mjs")).href;

interface Outcome {
  result?: string;
  failure?: string;
  fix?: string;
  log: string[];
}

/** What `inspect-torch.py` says of the environment. */
interface Environment {
  version: string | null;
  damage?: string;
  imports?: boolean;
}

let root: string;
let programs: string;
const sitePackages = () => path.join(root, ".venv/lib/python3.12/site-packages");
const engine = (file = "") => path.join(root, ".engines/torch", file);
const inEngines = () => readdir(path.join(root, ".engines")).catch(() => []);
const given = (program: string) => readFile(path.join(root, `${program}.arguments`), "utf8").catch(() => "");

async function writeProgram(name: string, body: string): Promise<void> {
  const file = path.join(programs, name);
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** The environment before, and after pip has run. */
async function writePython(before: Environment, after: Environment, pip = "exit 0"): Promise<void> {
  const describeAs = (environment: Environment) =>
    JSON.stringify({ python: "3.12", sitePackages: sitePackages(), imports: false, ...environment });
  await writeFile(path.join(root, "environment.json"), describeAs(before));
  await writeFile(path.join(root, "after.json"), describeAs(after));
  await writeProgram(
    "python",
    `case "$1" in
  *inspect-torch.py) cat ${root}/environment.json ;;
  -m) echo "$@" >> ${root}/pip.arguments; mv ${root}/after.json ${root}/environment.json; ${pip} ;;
  *) exec python3 "$@" ;;
esac`,
  );
}

/** g++ gets as far as `compile`; `$output` is the file that it should write. */
async function writeCompiler(compile: string): Promise<void> {
  await writeProgram(
    "g++",
    `[ "$1" = --version ] && exit 0
echo "$@" > ${root}/g++.arguments
for argument; do case "$argument" in */addon.node) output=$argument ;; esac; done
${compile}`,
  );
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), "latentlab-setup-")));
  programs = path.join(root, "programs");
  await mkdir(programs);
  await mkdir(path.join(sitePackages(), "torch/lib"), { recursive: true });
  await writeFile(path.join(sitePackages(), "torch/lib/libtorch_cpu.so"), "");
  await mkdir(path.join(root, "lib/native"), { recursive: true });
  await writeFile(path.join(root, "lib/native/addon.cc"), "// first version");
  await mkdir(path.join(root, "package/include"), { recursive: true });
  await writeProgram("npm", `for last; do :; done; cd ${root} && tar czf "$5/headers.tgz" package`);
  await writePython({ version: null }, { version: "2.11.0" });
  await writeCompiler(`ln -s ${path.join(checkout, ".engines/torch/addon.node")} $output`);
});
afterEach(() => rm(root, { recursive: true }));

/** Runs the set-up in a process of its own, as the commands do. */
async function setUp({
  complete = false,
  PATH = `${programs}:${process.env.PATH}`,
  before = "",
} = {}): Promise<Outcome> {
  const program = `
    ${before};
    const { setupTorch } = await import(${JSON.stringify(script)});
    const outcome = { log: [] };
    await setupTorch({
      root: ${JSON.stringify(root)},
      python: ${JSON.stringify(path.join(programs, "python"))},
      complete: ${complete},
      log: (line) => outcome.log.push(line),
    }).then(
      (result) => Object.assign(outcome, { result }),
      (error) => Object.assign(outcome, { failure: error.message, fix: error.fix }),
    );
    console.log(JSON.stringify(outcome));`;
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, PATH, npm_execpath: "" },
  });
  return JSON.parse(stdout);
}

const isThere = async (complete: boolean) => {
  const { isTorchThere } = await import(script);
  return isTorchThere(root, complete);
};

describe("setupTorch", () => {
  it("installs PyTorch's libraries alone where neither a GPU nor PyTorch itself is wanted", async () => {
    const { log, result, failure } = await setUp();
    expect(failure).toBeUndefined();
    expect(result).toBe("torch 2.11.0, for the CPU");
    expect(log[0]).toBe("downloading PyTorch 2.11.0 (about 530 MB)");
    expect(await given("pip")).toMatch(/install .*--no-deps torch==2\.11\.0 nvidia-cuda-runtime==/);
    expect(await given("g++")).not.toContain("WITH_CUDA");
    expect((await readdir(engine())).sort()).toEqual(["addon.node", "stamp.json"]);
    expect(await inEngines()).toEqual(["torch"]);
    expect([await isThere(false), await isThere(true)]).toEqual([true, false]);
  });

  it("installs everything where it is wanted, and compiles for GPUs", async () => {
    const headers = path.join(sitePackages(), "nvidia/cu13/include");
    await mkdir(path.join(headers, "crt"), { recursive: true });
    for (const file of ["cuda_runtime_api.h", "crt/host_config.h"])
      await writeFile(path.join(headers, file), "");
    await writeFile(path.join(sitePackages(), "torch/lib/libtorch_cuda.so"), "");
    await writePython({ version: null }, { version: "2.11.0", imports: true });
    const { log, result } = await setUp({ complete: true });
    expect(result).toBe("torch 2.11.0, for CPU and NVIDIA's GPUs");
    expect(log[0]).toContain("about 2.9 GB");
    expect(await given("pip")).not.toContain("--no-deps");
    expect(await given("g++")).toMatch(/-DWITH_CUDA .*-ltorch_cuda/);
    expect(await isThere(true)).toBe(true);
  });

  it("finds libtorch from where the addon is, so that the checkout can be moved", async () => {
    await setUp();
    expect(await given("g++")).toContain(
      "-rpath,$ORIGIN/../../.venv/lib/python3.12/site-packages/torch/lib:$ORIGIN/../../.venv/",
    );
  });

  it("does nothing the second time, and compiles again when the sources change", async () => {
    await setUp();
    await writeCompiler("exit 1");
    expect(await setUp()).toEqual({ log: [], result: "torch 2.11.0, for the CPU" });
    await writeFile(path.join(root, "lib/native/addon.cc"), "// second version");
    expect((await setUp()).failure).toContain("did not compile");
  });

  it.each([
    [{ version: "2.9.0" }, "replacing torch 2.9.0", "install --disable"],
    [
      { version: "2.11.0", damage: "torch lacks torch/lib/libtorch_cpu.so" },
      "torch lacks torch/lib/libtorch_cpu.so: installing it again",
      "--ignore-installed",
    ],
  ])("mends an environment with %j", async (before, line, option) => {
    await writePython(before, { version: "2.11.0" });
    const { log, result } = await setUp();
    expect(log[0]).toBe(line);
    expect(await given("pip")).toContain(option);
    expect(result).toBeDefined();
  });

  it("takes a build of the same torch from elsewhere", async () => {
    await writePython({ version: "2.11.0+cpu" }, { version: null });
    expect((await setUp()).result).toBe("torch 2.11.0+cpu, for the CPU");
    expect(await given("pip")).toBe("");
  });

  it("sees that the virtual environment has been made anew", async () => {
    await setUp();
    await rm(path.join(sitePackages(), "torch"), { recursive: true });
    expect(await isThere(false)).toBe(false);
  });
});

describe("setupTorch, where it cannot succeed,", () => {
  // What was there before stays, and nothing else is left behind.
  beforeEach(async () => {
    await mkdir(engine(), { recursive: true });
    await writeFile(engine("stamp.json"), '{"layout":0}');
  });
  afterEach(async () => {
    expect(await inEngines()).toEqual(["torch"]);
    expect(await readdir(engine())).toEqual(["stamp.json"]);
  });

  it("says how to get a compiler", async () => {
    expect(await setUp({ PATH: "/nowhere" })).toMatchObject({
      failure: expect.stringContaining("no C++ compiler (g++)"),
      fix: expect.stringMatching(/apt install g\+\+.*npm run setup -- --engine torch/),
    });
  });

  it.each([
    ['Object.defineProperty(process, "platform", { value: "darwin" })', /darwin.*only for Linux/],
    ['Object.defineProperty(process, "platform", { value: "win32" })', /win32.*only for Linux/],
    ["process.report.getReport = () => ({ header: {} })", /need glibc/],
  ])("is honest about systems that it does not know: %s", async (before, failure) => {
    const outcome = await setUp({ before });
    expect(outcome.failure).toMatch(failure);
    expect(outcome.fix).toContain("other engines run without it");
  });

  it("says that the disk is too small before it downloads anything", async () => {
    const before = `(await import("node:fs/promises")).default.statfs = async () => ({ bavail: 1000, bsize: 4096 })`;
    const { failure, fix, log } = await setUp({ before });
    expect(failure).toMatch(/has 0\.0 GB free; PyTorch needs \d\.\d GB/);
    expect(fix).toContain("make room");
    expect(log).toEqual([]);
    expect(await given("pip")).toBe("");
  });

  it.each([
    ["ERROR: Could not connect to the proxy", /Could not install torch.*proxy/, /network settings of pip/],
    [
      "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
      /No space left/,
      /^make room on the disk/,
    ],
    [
      "ERROR: No matching distribution found for torch==2.11.0",
      /no torch 2\.11\.0 for Python 3\.12/,
      /LATENTLAB_PYTHON/,
    ],
  ])("explains pip's %s", async (message, failure, fix) => {
    await writePython({ version: null }, { version: null }, `echo "${message}" >&2; exit 1`);
    const outcome = await setUp();
    expect(outcome.failure).toMatch(failure);
    expect(outcome.fix).toMatch(fix);
  });

  it("does not believe a pip that has not finished", async () => {
    const half = { version: "2.11.0", damage: "torch lacks torch/lib/libtorch_cpu.so" };
    await writePython({ version: null }, half);
    expect((await setUp()).failure).toMatch(/does not work after its installation: torch lacks/);
  });

  it("says that Python does not run", async () => {
    await writeProgram("python", "exit 1");
    expect(await setUp()).toMatchObject({
      failure: expect.stringContaining("does not run"),
      fix: expect.stringContaining("remove the folder .venv"),
    });
  });

  it("says that npm could not bring Node's headers", async () => {
    await writeProgram("npm", "echo 'npm error network ECONNREFUSED' >&2; exit 1");
    expect(await setUp()).toMatchObject({
      failure: expect.stringMatching(/Could not download node-api-headers.*ECONNREFUSED/),
      fix: expect.stringContaining("npm ping"),
    });
  });

  it("shows the compiler's error", async () => {
    await writeCompiler(
      `echo "In file included from addon.cc" >&2; echo "x.h:4:2: error: GCC 9 is needed" >&2; exit 1`,
    );
    expect(await setUp()).toMatchObject({
      failure: "The addon did not compile: x.h:4:2: error: GCC 9 is needed",
      fix: expect.stringContaining(".setup/torch.log"),
    });
  });

  it("does not put an addon in place that does not load", async () => {
    await writeCompiler("echo nothing > $output");
    expect((await setUp()).failure).toMatch(/does not load on this machine: Error: .*addon\.node/);
  });

  it("removes what a killed set-up has left, and not what another one is making", async () => {
    const abandoned = path.join(root, ".engines/torch.partial-999999999");
    const running = path.join(root, `.engines/torch.partial-${process.pid}`);
    for (const folder of [abandoned, running]) await cp(engine(), folder, { recursive: true });
    await writeCompiler("exit 1");
    await setUp();
    expect((await inEngines()).sort()).toEqual(["torch", path.basename(running)]);
    await rm(running, { recursive: true });
  });
});

describe("npm run setup", () => {
  const command = (...args: string[]) =>
    execute(process.execPath, [path.join(checkout, "kernel-ext/bin/setup.mjs"), ...args]).catch(
      (error) => error,
    );

  it.each([["jax"], ["Torch"], [""]])("refuses --engine %j and lists what there is", async (name) => {
    const { code, stdout, stderr } = await command("--engine", name);
    expect(code).toBe(1);
    expect(stderr).toContain(`no set-up of an engine "${name}"`);
    expect(stderr).toMatch(/torch .*\n.*tensorflow .*\n.*tensorflow-gpu .*\n.*all /);
    expect(stdout).toBe("");
  });
});
