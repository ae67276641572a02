import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..", "..");
export const jupyter = join(root, ".venv", "bin", "jupyter");

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

/** Starts a real JupyterLab from the project's virtual environment on a free port. */
export async function startJupyterLab(): Promise<JupyterLab> {
  const { env, remove } = isolatedEnvironment();
  const port = await findFreePort();
  const token = "first-light";
  const server = spawn(
    jupyter,
    [
      "lab",
      "--no-browser",
      "--allow-root",
      `--ServerApp.root_dir=${root}`,
      `--ServerApp.port=${port}`,
      "--ServerApp.port_retries=0",
      `--IdentityProvider.token=${token}`,
    ],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const log = collectOutput(server);
  const address = `http://127.0.0.1:${port}`;
  await waitUntilServing(`${address}/api/status?token=${token}`, server, log);
  return {
    urlOf: (path) => `${address}/lab/tree/${path}?token=${token}&reset`,
    async stop() {
      const closed = new Promise((done) => server.once("close", done));
      // Jupyter asks "shut down? y/n" on the first interrupt; SIGTERM ends it and its kernels at once.
      server.kill("SIGTERM");
      await closed;
      remove();
    },
  };
}

function collectOutput(server: ChildProcess): () => string {
  let output = "";
  const append = (chunk: Buffer) => {
    output = (output + chunk).slice(-20_000);
  };
  server.stdout?.on("data", append);
  server.stderr?.on("data", append);
  return () => output;
}

async function waitUntilServing(url: string, server: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) break;
    const answered = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  server.kill("SIGKILL");
  throw new Error(`JupyterLab did not start:\n${log()}`);
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
