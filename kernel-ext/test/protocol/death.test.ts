import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
afterEach(async () => {
  vi.unstubAllEnvs();
  await kernel.close();
});

/** A kernel whose witness is there. */
async function start(): Promise<KernelClient> {
  kernel = await KernelClient.start();
  await kernel.execute("await new Promise((r) => setTimeout(r, 1500))");
  return kernel;
}

async function lastWordsOf(code: string): Promise<string> {
  const msgId = (await start()).sendExecute(code);
  const { content } = await kernel.waitForPublication(
    "error",
    ({ parent_header }) => parent_header.msg_id === msgId,
    60_000,
  );
  expect(content.ename).toBe("KernelDied");
  await kernel.waitForIdle(msgId);
  expect(await kernel.isAlive()).toBe(false);
  return content.traceback.join("\n");
}

describe("a kernel that dies tells its cell", () => {
  it("that JavaScript's heap was full, and what to do", async () => {
    vi.stubEnv("NODE_OPTIONS", "--max-old-space-size=150");
    const said = await lastWordsOf(
      "const kept: unknown[] = []; for (;;) kept.push(new Array(1000).fill(kept.length).map((x) => ({ x })));",
    );
    expect(said).toContain("ran out of memory");
    expect(said).toContain("--max-old-space-size");
  });

  it("its last words, where native code ended it", async () => {
    const said = await lastWordsOf(
      `import { spawnSync } from "node:child_process";
       spawnSync("sh", ["-c", "echo assertion failed in native code >&2"], { stdio: "inherit" });
       process.kill(process.pid, "SIGSEGV"); await new Promise(() => {})`,
    );
    expect(said).toContain("ended unexpectedly while this cell ran");
    expect(said).toContain("assertion failed in native code");
  });
});

it("a kernel that was killed without a reason to tell starts again at the same addresses", async () => {
  await start();
  const msgId = kernel.sendExecute("process.kill(process.pid, 'SIGKILL')");
  kernel.command("restart");
  await kernel.waitForEvent("restarted");
  expect((await kernel.execute("'anew'")).text).toBe("'anew'");
  expect(kernel.publicationsOf(msgId, "execute_reply")).toEqual([]);
});

describe("a kernel leaves no files behind", () => {
  const endings: Record<string, () => void> = {
    "that process.exit ends": () => kernel.sendExecute("process.exit(0)"),
    "that is killed": () => kernel.sendExecute("process.kill(process.pid, 'SIGKILL')"),
    "that crashes": () => kernel.sendExecute("process.abort()"),
    "that Jupyter ends at once": () => kernel.command("shutdown", { now: true }),
    "that Jupyter shuts down": () => kernel.send("control", "shutdown_request", { restart: false }),
  };

  it.each(Object.entries(endings))("%s", async (_, end) => {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-tmp-"));
    const files = () => readdirSync(folder).filter((name) => name.startsWith("latentlab-kernel-"));
    vi.stubEnv("TMPDIR", folder);
    try {
      await start();
      expect(files()).toHaveLength(1);
      end();
      await vi.waitUntil(() => files().length === 0, { timeout: 15_000 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
