import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { train } from "../../src/train/index.js";
import { lockFolder } from "../../src/train/run-lock.js";
import { useEngine } from "../engines.js";
import { makeTiny } from "./tiny-training.js";

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "latentlab-lock-"));
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const inUse = expect.objectContaining({ code: "ERR_RUN_IN_USE", path: expect.any(String) });
const locks = async () => (await fs.readdir(folder)).filter((name) => name.startsWith(".lock."));

/** Puts down the lock that another process would have. */
async function lockOf(pid: number): Promise<string> {
  const release = await lockFolder(folder);
  const [name] = (await locks()) as [string];
  const other = path.join(folder, name.replace(`.${process.pid}.`, `.${pid}.`));
  await release();
  await fs.writeFile(other, "");
  return other;
}

it("lets one in at a time", async () => {
  const release = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toEqual(inUse);
  await expect(lockFolder(path.join(folder, "."))).rejects.toThrow(`process ${process.pid}`);
  await release();
  await (await lockFolder(folder))();
  expect(await locks()).toEqual([]);
});

it("keeps out what another living process holds, and says which", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  try {
    const file = await lockOf(child.pid as number);
    await expect(lockFolder(folder)).rejects.toThrow(`process ${child.pid}`);
    expect(await locks()).toEqual([path.basename(file)]);
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await lockFolder(folder))();
    expect(await locks()).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});

it("does not count a lock of an earlier process with this process's number", async () => {
  const release = await lockFolder(folder);
  const [name] = (await locks()) as [string];
  await release();
  await fs.writeFile(path.join(folder, name), "");
  await (await lockFolder(folder))();
  expect(await locks()).toEqual([]);
});

it("does not guess about another computer's process, and names the file to remove", async () => {
  const file = path.join(folder, ".lock.00000000.1.00000000-0000-4000-8000-000000000000");
  await fs.writeFile(file, "");
  await expect(lockFolder(folder)).rejects.toThrow(`To unlock the folder`);
  await expect(lockFolder(folder)).rejects.toThrow(`remove ${file}`);
});

it("refuses a second training in the folder, frees it at the end, and warns on another engine", async () => {
  await useEngine("wasm");
  const tiny = makeTiny();
  const options = { ...tiny.options, folder, reportEvery: 1 };
  const filesOpen = async () => (await fs.readdir("/proc/self/fd").catch(() => [])).length;
  try {
    const run = train({ ...options, steps: 4 });
    await run.next();
    await expect(train({ ...options, steps: 4, resume: true }).next()).rejects.toEqual(inUse);
    for await (const _ of run);
    expect(await locks()).toEqual([]);

    const [last] = (await fs.readdir(path.join(folder, "checkpoints"))).sort().slice(-1) as [string];
    const file = path.join(folder, "checkpoints", last, "state.json");
    const state = JSON.parse(await fs.readFile(file, "utf8"));
    await fs.writeFile(file, JSON.stringify({ ...state, engine: { ...state.engine, name: "abacus" } }));
    const before = await filesOpen();
    const warning = once(process, "warning");
    for await (const _ of train({ ...options, steps: 30, resume: true, checkpointEvery: { steps: 1 } }));
    const [{ code, message }] = await warning;
    expect(code).toBe("LATENTLAB_OTHER_ENGINE");
    expect(message).toMatch(/was on abacus .* goes on on wasm/);
    expect(await filesOpen(), "open files").toBe(before);
  } finally {
    tiny.dispose();
  }
});
