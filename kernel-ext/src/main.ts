import { createRequire } from "node:module";
import { MessageChannel, Worker } from "node:worker_threads";
import { createGateMemory, ExecutionGate } from "./threads/execution-gate.js";
import type { IoThreadData } from "./threads/thread-messages.js";
import type { Connection } from "./wire/connection-file.js";
import { readConnectionFile } from "./wire/connection-file.js";

/**
 * The kernel's process: `node --no-force-async-hooks-checks main.js <connection_file>`.
 * (Terminating JavaScript in mid-flight leaves Node's async-hooks stack uneven, which the flag tolerates.)
 */
let connection: Connection;
try {
  connection = readConnectionFile(process.argv[2]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}

const executionGate = createGateMemory();
const { port1: mainPort, port2: ioPort } = new MessageChannel();
const workerData: IoThreadData = {
  connection,
  port: ioPort,
  executionGate,
  typescriptVersion: readTypescriptVersion(),
};
const ioThread = new Worker(new URL("./io-thread/worker.js", import.meta.url), {
  workerData,
  transferList: [ioPort],
});
ioThread.on("error", (error) => {
  console.error("The kernel's I/O thread failed:", error);
  process.exit(1);
});

// Only now, so that the sockets answer while the TypeScript compiler is still being loaded.
const { startSession } = await import("./session/start-session.js");
try {
  startSession(mainPort, new ExecutionGate(executionGate));
} catch (error) {
  console.error("The kernel could not start:", error);
  // Not `exit`, which waits for the I/O thread's inspector.
  process.kill(process.pid, "SIGKILL");
}

/** The compiler itself takes long to load; its version stands in its package.json. */
function readTypescriptVersion(): string {
  const requireFromTslab = createRequire(createRequire(import.meta.url).resolve("tslab/package.json"));
  const { version } = requireFromTslab("@tslab/typescript-for-tslab/package.json") as { version: string };
  return version;
}
