import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, venvProgram } from "../../kernel-ext/bin/setup/paths.mjs";

export { root };
export const jupyter = venvProgram("jupyter");

/** A folder inside the repository, so that cells resolve the workspace's packages as the notebooks do. */
export function makeWorkFolder(name: string): string {
  const folder = join(root, "test-results", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The environment of a Jupyter that knows nothing of the user's own settings, and trains in the short mode. */
export function isolatedEnvironment(): { env: NodeJS.ProcessEnv; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), "latentlab-jupyter-"));
  const env = {
    ...process.env,
    LATENTLAB_QUICK: "1",
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_DATA_DIR: join(home, "data"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
    IPYTHONDIR: join(home, "ipython"),
  };
  return {
    env,
    remove: () => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  };
}

export interface JupyterLab {
  /** Address of a file below the repository's root, opened in JupyterLab. */
  urlOf(pathFromRoot: string): string;
  stop(): Promise<void>;
}

/** What a reader does: `npm start`, here for a server and on a free port. */
export async function startJupyterLab(): Promise<JupyterLab> {
  const { env, remove } = isolatedEnvironment();
  const port = await findFreePort();
  const command = join(root, "kernel-ext", "bin", "start.mjs");
  const server = spawn(process.execPath, [command, "--no-browser", "--port", String(port)], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const token = await waitForAddress(server, port);
  return {
    urlOf: (path) => `http://127.0.0.1:${port}/lab/tree/${path}?token=${token}&reset`,
    async stop() {
      const closed = new Promise((done) => server.once("close", done));
      server.kill("SIGTERM");
      await closed;
      remove();
    },
  };
}

/** JupyterLab prints its address, with the token that opens it, when it serves. */
function waitForAddress(server: ChildProcess, port: number): Promise<string> {
  const timeoutMs = 120_000;
  return new Promise((found, failed) => {
    let output = "";
    const fail = (reason: string) => {
      server.kill("SIGKILL");
      failed(new Error(`npm start ${reason}:\n${output.slice(-5000)}`));
    };
    const timer = setTimeout(() => fail(`printed no address within ${timeoutMs} ms`), timeoutMs);
    const read = (chunk: Buffer) => {
      output += chunk;
      const token = new RegExp(`127\\.0\\.0\\.1:${port}/lab\\S*[?&]token=([0-9a-f]+)`).exec(output)?.[1];
      if (!token) return;
      clearTimeout(timer);
      found(token);
    };
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.once("exit", (status) => fail(`ended with ${status}`));
  });
}

function findFreePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address ? found(address.port) : failed(new Error("no port")),
      );
    });
  });
}
