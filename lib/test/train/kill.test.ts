import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../../src/index.js";
import { ChildProgram } from "./child-program.js";

const steps = 150;
/** While a process is setting out, where there may be no checkpoint yet; and while it trains. */
const [earlyKills, lateKills] = [4, 20];
const kills = earlyKills + lateKills;
const program = new ChildProgram("kill-child.ts");
const children = new Set<ChildProcess>();

beforeAll(() => program.build());

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await program.remove();
});

/** A process that has loaded everything. */
function start(engine: string): { child: ChildProcess; ready: Promise<unknown> } {
  const child = fork(program.file, {
    env: { ...process.env, ENGINE: engine, STEPS: String(steps) },
    execArgv: [],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return { child, ready: once(child, "message") };
}

const checkpoints = (folder: string) => path.join(folder, "checkpoints");
const list = (folder: string) => {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not made yet
  }
};
const isBeingWritten = (folder: string) => list(checkpoints(folder)).some((name) => name.endsWith(".tmp"));

/** Comes back at once when the process has ended by itself. */
async function waitUntil(
  child: ChildProcess,
  isTime: () => boolean,
  pause: () => Promise<unknown> = nextTurn,
): Promise<void> {
  while (!isTime() && child.exitCode === null) await pause();
}

async function readResult(folder: string): Promise<Record<string, string>> {
  const last = list(checkpoints(folder)).sort().at(-1) as string;
  const place = path.join(checkpoints(folder), last);
  const files = list(place).filter((name) => name.endsWith(".safetensors"));
  const weights = files.map(async (name) => [
    name,
    (await fs.readFile(path.join(place, name))).toString("hex"),
  ]);
  const metrics = await fs.readFile(path.join(folder, "metrics.jsonl"), "utf8");
  return { metrics, ...Object.fromEntries(await Promise.all(weights)) };
}

/** Other moments: `KILL_SEED=7 npx vitest run lib/test/train/kill.test.ts`. */
const seed = Number(process.env.KILL_SEED ?? 1);

it.each([
  "wasm",
  "torch",
])(`on %s survives ${kills} kills at random moments (seed ${seed}) with the losses of a training that was left alone`, async (engine) => {
  const random = createRandom(seed);
  const straight = path.join(program.folder, engine, "straight");
  const broken = path.join(program.folder, engine, "broken");
  let next = start(engine);

  const undisturbed = start(engine);
  await undisturbed.ready;
  undisturbed.child.send(straight);
  await once(undisturbed.child, "exit");
  expect(undisturbed.child.exitCode).toBe(0);

  const killedAt: number[] = [];
  let whileWriting = 0;
  for (;;) {
    const { child, ready } = next;
    await ready;
    const killed = killedAt.length;
    if (killed < kills) next = start(engine);
    let reached = 0;
    child.on("message", (step: number) => {
      reached = step;
    });
    child.send(broken);
    if (killed < kills) {
      // At a step of its own share of the training, so that kills fall everywhere; and a little later.
      const share = Math.max(killed - earlyKills, 0) + random.uniform();
      const wanted = killed < earlyKills ? 0 : Math.floor((share * (steps - 30)) / lateKills);
      await waitUntil(
        child,
        () => reached >= wanted,
        () => sleep(1),
      );
      if (killed % 2 === 1) await waitUntil(child, () => isBeingWritten(broken));
      const thenMs = performance.now() + random.uniform(0, killed < earlyKills ? 100 : 2);
      await waitUntil(child, () => performance.now() >= thenMs);
    }
    if (killed < kills && child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(child.signalCode).toBe("SIGKILL");
      killedAt.push(reached);
      if (isBeingWritten(broken)) whileWriting += 1;
      continue;
    }
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
    break;
  }

  expect(killedAt).toHaveLength(kills);
  expect(whileWriting).toBeGreaterThan(0);
  expect(isBeingWritten(broken)).toBe(false);
  const result = await readResult(broken);
  expect(result, `seed ${seed}, killed at steps ${killedAt}`).toEqual(await readResult(straight));
  expect(result.metrics?.trimEnd().split("\n")).toHaveLength(steps);
  const journal = JSON.parse(await fs.readFile(path.join(broken, "journal.json"), "utf8"));
  expect(journal.map(({ step, what }: { step: number; what: string }) => [step, what])).toEqual([
    [40, "pull"],
    [40, "generator.learningRate"],
    [80, "spread"],
  ]);
}, 120_000);
