import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { torch } from "../../src/engine/torch/index.js";
import { engine } from "../../src/index.js";
import { type TrainingReport, train } from "../../src/train/index.js";
import { hasGpu } from "../engine/torch/support.js";
import { useEngine } from "../engines.js";
import { makeConvolutional } from "./convolutional-training.js";
import { makeTiny } from "./tiny-training.js";

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "latentlab-run-"));
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

/** The losses of all steps, and the bytes of weights, optimisers and averages at the end. */
async function readRun(run: string): Promise<Record<string, string>> {
  const checkpoints = path.join(run, "checkpoints");
  const last = path.join(checkpoints, (await fs.readdir(checkpoints)).sort().at(-1) as string);
  const files = (await fs.readdir(last)).filter((name) => name.endsWith(".safetensors"));
  const bytes = files.map(async (name) => [name, (await fs.readFile(path.join(last, name))).toString("hex")]);
  const metrics = await fs.readFile(path.join(run, "metrics.jsonl"), "utf8");
  return { metrics, ...Object.fromEntries(await Promise.all(bytes)) };
}

/**
 * Trains to the end, keeps the folder as a kill after step 7 would have left it, and goes on from there in models of its
 * own, whose last checkpoint is that of step 5.
 */
async function trainTwice(sizes: readonly number[]): Promise<[straight: string, resumed: string]> {
  const [straight, broken] = [path.join(folder, "straight"), path.join(folder, "broken")];
  const go = async (run: string, onEvent: (event: TrainingReport) => Promise<void> | void) => {
    const { options, dispose } = makeConvolutional(sizes);
    const often = { checkpointEvery: { steps: 5 }, reportEvery: 1, resume: run === broken };
    try {
      for await (const event of train({ ...options, ...often, folder: run })) await onEvent(event);
    } finally {
      dispose();
    }
  };
  await go(straight, async ({ step }) => {
    if (step === 7) await fs.cp(straight, broken, { recursive: true });
  });
  const stepsDone: number[] = [];
  await go(broken, ({ step }) => {
    stepsDone.push(step);
  });
  expect(stepsDone).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14]);
  return [straight, broken];
}

async function expectSameBits(sizes: readonly number[]): Promise<void> {
  const [straight, broken] = await trainTwice(sizes);
  const [expected, actual] = [await readRun(straight), await readRun(broken)];
  expect(actual.metrics).toBe(expected.metrics);
  expect(Object.keys(expected)).toHaveLength(1 + 2 * 3);
  for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true);
}

const gpuPrecisions = ["float32", "tf32", "bfloat16"] as const;
/** One size is recorded on a GPU; of seven sizes each comes twice in 14 steps, which is done operation by operation. */
const sizes = { compiled: [4], plain: [2, 3, 4, 5, 6, 7, 8] };

describe.each([
  { name: "wasm", device: "cpu", precision: "float32" },
  { name: "tensorflow", device: "cpu", precision: "float32" },
  { name: "torch", device: "cpu", precision: "float32" },
  { name: "torch", device: "cpu", precision: "bfloat16" },
  ...(hasGpu
    ? gpuPrecisions.map((precision) => ({ name: "torch", device: "cuda", precision }) as const)
    : []),
] as const)("a convolutional training on $name, $device in $precision", ({ name, ...options }) => {
  // Long, as torch's threads are slow where others take the cores.
  it.each(Object.entries(sizes))(
    "goes on bit for bit, steps %s",
    async (_, sizes) => {
      await engine.use(name, options);
      await expectSameBits(sizes);
    },
    300_000,
  );
});

describe.runIf(hasGpu)("a step on a GPU", () => {
  it("is as fast as it can be again after a deterministic training", async () => {
    await engine.use("torch", { device: "cuda", precision: "float32" });
    const { options, dispose } = makeConvolutional([4]);
    const seen: boolean[] = [];
    const run = train({ ...options, steps: 2, folder, reportEvery: 1 });
    for await (const _ of run) seen.push(torch.isDeterministic());
    expect([...seen, torch.isDeterministic()]).toEqual([true, true, false]);
    const fast = path.join(folder, "fast");
    for await (const _ of train({ ...options, steps: 2, folder: fast, deterministic: false }))
      expect(torch.isDeterministic()).toBe(false);
    const warning = once(process, "warning");
    for await (const _ of train({ ...options, steps: 3, folder: fast, resume: true }));
    expect((await warning)[0].message).toMatch(/not deterministic and goes on/);
    dispose();
  });
});

describe("determinism", () => {
  it("is asked for while a training with a folder is under way, or one that wants it", async () => {
    await useEngine("torch");
    const asked = vi.spyOn(torch, "setDeterministic");
    const { options, dispose } = makeTiny();
    const drain = async (more: Partial<typeof options>) => {
      asked.mockClear();
      for await (const _ of train({ ...options, steps: 2, reportEvery: 1, ...more }));
      return asked.mock.calls.flat();
    };
    expect(await drain({})).toEqual([]);
    expect(await drain({ folder })).toEqual([true, false]);
    expect(await drain({ deterministic: true })).toEqual([true, false]);
    expect(await drain({ folder: path.join(folder, "fast"), deterministic: false })).toEqual([]);
    // A folder that is refused, and one whose training the reader leaves.
    asked.mockClear();
    await expect(train({ ...options, folder }).next()).rejects.toThrow(/resume: true/);
    for await (const _ of train({ ...options, folder: path.join(folder, "left") })) break;
    expect(asked.mock.calls.flat()).toEqual([true, false, true, false]);
    dispose();
    asked.mockRestore();
  });

  it("lasts until the last of several trainings has ended, and follows to another engine", async () => {
    await useEngine("torch");
    const asked = vi.spyOn(torch, "setDeterministic");
    const [one, other] = [makeTiny(), makeTiny()];
    const runs = [one, other].map(({ options }) =>
      train({ ...options, deterministic: true, reportEvery: 1 }),
    );
    for (const run of runs) await run.next();
    await runs[0]?.return();
    expect(asked).toHaveBeenLastCalledWith(true);
    await engine.use("wasm");
    await engine.use("torch", { device: "cpu" });
    expect(asked).toHaveBeenLastCalledWith(true);
    await runs[1]?.return();
    expect(asked).toHaveBeenLastCalledWith(false);
    for (const { dispose } of [one, other]) dispose();
    asked.mockRestore();
  });

  it("stands in the checkpoint, and a training that goes on without it says so", async () => {
    await useEngine("torch");
    const { options, dispose } = makeTiny();
    for await (const _ of train({ ...options, steps: 2, folder }));
    const isDeterministic = vi.spyOn(torch, "isDeterministic").mockReturnValue(false);
    const warning = once(process, "warning");
    for await (const _ of train({ ...options, steps: 3, folder, resume: true, deterministic: false }));
    const [{ code, message }] = await warning;
    expect(code).toBe("LATENTLAB_OTHER_ENGINE");
    expect(message).toMatch(/, deterministic and goes on on torch.*, not deterministic: its losses/);
    dispose();
    isDeterministic.mockRestore();
  });
});
