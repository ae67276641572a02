import { createRequire } from "node:module";
import { MessageChannel, Worker } from "node:worker_threads";
import type { CheckerThreadData } from "./compiler/check/worker.js";
import { notebookFolder } from "./compiler/notebook-folder.js";
import { redirectNativeOutput } from "./native-output/redirect.js";
import { logToTerminal, setTerminal } from "./native-output/terminal.js";
import { createGateMemory, ExecutionGate } from "./threads/execution-gate.js";
import type { IoThreadData } from "./threads/thread-messages.js";
import type { Connection } from "./wire/connection-file.js";
import { readConnectionFile } from "./wire/connection-file.js";

/**
 * The kernel's process: `node --no-force-async-hooks-checks --experimental-vm-modules main.js <connection_file>`.
 * (Terminating JavaScript in mid-flight leaves Node's async-hooks stack uneven, which the flag tolerates.)
 */
let connection: Connection;
try {
  connection = readConnectionFile(process.argv[2]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}

// Before there are threads.
const nativeOutput = redirectNativeOutput();
if (nativeOutput) setTerminal(nativeOutput.terminal);

const executionGate = createGateMemory();
const { port1: mainPort, port2: ioPort } = new MessageChannel();
const { port1: mainCheckerPort, port2: checkerMainPort } = new MessageChannel();
const { port1: ioCheckerPort, port2: checkerIoPort } = new MessageChannel();
const workerData: IoThreadData = {
  connection,
  port: ioPort,
  checkerPort: ioCheckerPort,
  executionGate,
  nativeOutput,
  typescriptVersion: readTypescriptVersion(),
};
const ioThread = new Worker(new URL("./io-thread/worker.js", import.meta.url), {
  workerData,
  transferList: [ioPort, ioCheckerPort],
});
ioThread.on("error", (error) => {
  logToTerminal(`the I/O thread failed: ${error instanceof Error ? error.stack : error}`);
  process.exit(1);
});

const checkerData: CheckerThreadData = {
  directory: notebookFolder,
  ports: [checkerMainPort, checkerIoPort],
};
const checkerThread = new Worker(new URL("./compiler/check/worker.js", import.meta.url), {
  workerData: checkerData,
  transferList: checkerData.ports,
});
// Its ports close with it, which whoever asks it is told.
checkerThread.on("error", (error) =>
  logToTerminal(`the compiler thread failed: ${error instanceof Error ? error.stack : error}`),
);

// Only now, so that the sockets answer while the TypeScript compiler is still being loaded.
const { startSession } = await import("./session/start-session.js");
try {
  startSession(mainPort, mainCheckerPort, new ExecutionGate(executionGate));
} catch (error) {
  logToTerminal(`it could not start: ${error instanceof Error ? error.stack : error}`);
  // Not `exit`, which waits for the I/O thread's inspector.
  process.kill(process.pid, "SIGKILL");
}

/** The compiler itself takes long to load; its version stands in its package.json. */
function readTypescriptVersion(): string {
  const { version } = createRequire(import.meta.url)("typescript/package.json") as { version: string };
  return version;
}
