import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

const clients: KernelClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function start(folder?: string): Promise<KernelClient> {
  const client = await KernelClient.start(folder);
  clients.push(client);
  return client;
}

const processExists = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`The condition did not hold within ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("starting", () => {
  it("answers kernel_info before the compiler is ready, and runs what was sent meanwhile", async () => {
    const kernel = await start();
    const cell = kernel.sendExecute("'ready'");
    await kernel.request("kernel_info_request");
    expect(kernel.publicationsOf(cell, "execute_result")).toEqual([]);
    expect((await kernel.waitForExecution(cell)).text).toBe("'ready'");
  });

  it("runs on the Node that its kernelspec names", async () => {
    const program = process.env.LATENTLAB_TEST_NODE ?? process.execPath;
    const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
    expect((await (await start()).execute("process.version")).text).toBe(`'${version}'`);
  });

  it("says what to do when it is started without a connection file", async () => {
    const { spawnSync } = await import("node:child_process");
    const { fileURLToPath } = await import("node:url");
    const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
    for (const args of [[main], [main, "/no/such/file.json"]]) {
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(status).toBe(2);
      expect(stderr).toMatch(/connection file .*Jupyter/s);
      expect(stderr).not.toContain("at ");
    }
  });
});

describe("shutting down", () => {
  it("replies, announces it, and exits without complaint", async () => {
    const kernel = await start();
    await kernel.execute("setInterval(() => {}, 1000); 1");
    const msgId = kernel.send("control", "shutdown_request", { restart: false });
    expect((await kernel.waitForReply(msgId)).content).toEqual({ status: "ok", restart: false });
    await kernel.waitForPublication("shutdown_reply");
    await waitUntil(async () => !(await kernel.isAlive()), 3000);
    expect(kernel.terminal).toBe("");
  });

  it.each([
    ["computes", "console.log('running'); for (;;) {}"],
    ["waits", "console.log('running'); await new Promise(() => {})"],
  ])("takes an interrupt just before, while a cell %s", async (_, code) => {
    const kernel = await start();
    const cell = kernel.sendExecute(code);
    await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === cell);
    kernel.send("control", "interrupt_request", {});
    kernel.send("control", "shutdown_request", { restart: false });
    await waitUntil(async () => !(await kernel.isAlive()), 8000);
    expect(kernel.terminal).toBe("");
  });

  it("exits although a cell computes", async () => {
    const kernel = await start();
    const cell = kernel.sendExecute("console.log('running'); for (;;) {}");
    await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === cell);
    await kernel.request("shutdown_request", { restart: false }, "control");
    await waitUntil(async () => !(await kernel.isAlive()), 4000);
  });

  it("ends by process.exit in a cell, after what was printed and the exit listeners, without complaint", async () => {
    const kernel = await start();
    await kernel.execute("process.on('exit', (code) => console.log('leaving', code)); 1");
    const cell = kernel.sendExecute("console.log('bye'); process.exit(3)");
    await waitUntil(async () => !(await kernel.isAlive()), 5000);
    await kernel.waitForPublication("stream", (message) => message.content.text.includes("ended the kernel"));
    const texts = kernel.publicationsOf(cell, "stream").map((message) => message.content.text);
    expect(texts).toEqual([
      "bye\nleaving 3\n",
      "process.exit(3) has ended the kernel; its variables are gone.\n",
    ]);
    expect(kernel.terminal).toBe("");
  });

  it("restarts on the same ports with nothing left of the old session", async () => {
    const kernel = await start();
    await kernel.execute("const old = 1");
    kernel.command("restart");
    await kernel.waitForEvent("restarted");
    const { reply } = await kernel.execute("old");
    expect(reply).toMatchObject({ status: "error", ename: "TypeScriptError", execution_count: 1 });
  });

  it("ends when Jupyter is gone", async () => {
    const kernel = await KernelClient.start();
    clients.push(kernel);
    const { text } = await kernel.execute("process.pid");
    const pid = Number(text);
    expect(processExists(pid)).toBe(true);
    kernel.bridge.kill("SIGKILL");
    await waitUntil(() => !processExists(pid), 6000);
  });
});

describe("hostile and unknown messages", () => {
  it("drops messages with a wrong signature", async () => {
    const kernel = await start();
    const forged = kernel.send(
      "shell",
      "execute_request",
      { code: "console.log('forged')" },
      { key: "not the key" },
    );
    expect((await kernel.execute("1 + 1")).text).toBe("2");
    expect(kernel.publicationsOf(forged)).toEqual([]);
    expect(kernel.messages.some((message) => message.content.text?.includes("forged"))).toBe(false);
    expect(kernel.terminal).toContain("signature");
  });

  it("lives on after messages that it does not know", async () => {
    const kernel = await start();
    // What a kernel publishes before the front end's subscription has reached it is lost.
    await kernel.execute("1");
    const msgId = kernel.send("shell", "frobnicate_request", {});
    await kernel.waitForIdle(msgId);
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });

  it("answers heartbeats while a cell computes", async () => {
    const kernel = await start();
    const cell = kernel.sendExecute("console.log('running'); for (;;) {}");
    await kernel.waitForPublication("stream", (message) => message.parent_header.msg_id === cell);
    kernel.command("heartbeat", { timeout_ms: 1500 });
    expect((await kernel.waitForEvent("heartbeat")).answered).toBe(true);
  });
});
