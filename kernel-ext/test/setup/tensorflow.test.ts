import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** What the set-up of the tensorflow engine does where it cannot succeed; that it can is what all other tests show. */
const checkout = path.resolve(import.meta.dirname, "../../..");
const script = pathToFileURL(path.join(checkout, "kernel-ext/bin/setup/tensorflow.mjs")).href;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "latentlab-setup-"));
});
afterEach(() => rm(root, { recursive: true }));

/** What came of it; `failure` and `fix` where the set-up threw. */
interface Outcome {
  failure?: string;
  fix?: string;
  log: string[];
}

/** Runs the set-up in a process of its own, as the bootstrap does. */
async function setUp(options: {
  root: string;
  python?: string;
  path?: string;
  before?: string;
  variant?: "cpu" | "gpu";
}): Promise<Outcome> {
  const program = `
    ${options.before ?? ""};
    const { setupTensorflow } = await import(${JSON.stringify(script)});
    const log = [];
    const outcome = { log };
    await setupTensorflow({
      root: ${JSON.stringify(options.root)},
      python: ${JSON.stringify(options.python ?? "/nowhere/python3")},
      variant: ${JSON.stringify(options.variant ?? "cpu")},
      force: ${JSON.stringify(options.variant === "gpu" && options.path === undefined)},
      log: (line) => log.push(line),
    }).catch((error) => Object.assign(outcome, { failure: error.message, fix: error.fix }));
    console.log(JSON.stringify(outcome));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, ...(options.path !== undefined && { PATH: options.path }) },
  });
  return JSON.parse(stdout);
}

const leftIn = (folder: string) => readdir(path.join(folder, ".engines")).catch(() => []);

describe("setupTensorflow", () => {
  it("does nothing where the engine is installed: no compiler, no Python, no network needed", async () => {
    expect(await setUp({ root: checkout, path: "/nowhere" })).toEqual({ log: [] });
  });

  it("says how to get a compiler where there is none", async () => {
    expect(await setUp({ root, path: "/nowhere" })).toEqual({
      failure: expect.stringContaining("g++"),
      fix: expect.stringContaining("apt install g++"),
      log: [],
    });
    expect(await leftIn(root)).toEqual([]);
  });

  it("reports a download that fails, and leaves nothing half-done", async () => {
    const outcome = await setUp({ root, python: "false" });
    expect(outcome).toMatchObject({
      failure: expect.stringMatching(/Could not download tensorflow/),
      fix: expect.stringContaining("npm run setup"),
    });
    expect(await leftIn(root)).toEqual([]);
  });

  it("asks for NVIDIA's driver before it downloads gigabytes for a GPU, and says how many", async () => {
    // Files that tell of a driver are looked for by name: an empty machine is one on which none of them exists.
    const before = `
      const fs = await import("node:fs");
      fs.default.existsSync = () => false;
      (await import("node:module")).syncBuiltinESMExports()`;
    expect(await setUp({ root, before, path: "/nowhere", variant: "gpu" })).toMatchObject({
      failure: expect.stringMatching(/no NVIDIA driver.*3\.3 GB/),
    });
    const outcome = await setUp({ root, python: "false", variant: "gpu" });
    expect(outcome.failure).toMatch(/Could not download tensorflow/);
    expect(outcome.log).toEqual([expect.stringContaining("3.3 GB")]);
    expect(await leftIn(root)).toEqual([]);
  });

  it("is honest about systems that it does not know", async () => {
    const before = 'Object.defineProperty(process, "platform", { value: "darwin" })';
    expect(await setUp({ root, before })).toMatchObject({
      failure: expect.stringMatching(/darwin.*only for Linux/),
    });
  });

  it("replaces an installation of other versions only when the new one is complete", async () => {
    const installed = path.join(root, ".engines/tensorflow");
    await mkdir(installed, { recursive: true });
    await writeFile(path.join(installed, "stamp.json"), '{"layout":0}');
    expect((await setUp({ root, python: "false" })).failure).toBeDefined();
    expect(await readdir(installed)).toEqual(["stamp.json"]);
  });

  it("removes what a killed set-up left behind, and only that", async () => {
    const abandoned = path.join(root, ".engines/tensorflow.partial-999999999");
    const running = path.join(root, `.engines/tensorflow.partial-${process.pid}`);
    for (const folder of [abandoned, running]) await mkdir(folder, { recursive: true });
    await setUp({ root, path: "/nowhere" });
    expect(await leftIn(root)).toEqual([path.basename(running)]);
  });
});
