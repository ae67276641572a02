import type { MessagePort } from "node:worker_threads";
import { readField } from "../base/inspect-safely.js";
import { CheckerClient } from "../compiler/check/checker-client.js";
import { NotebookCompiler } from "../compiler/notebook-compiler.js";
import { compiledSources } from "../compiler/source-registry.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { ToMainThread } from "../threads/thread-messages.js";
import type { Header } from "../wire/message.js";
import { trackCellTimers } from "./cell-timers.js";
import { createCheckpoint, stoppingCallback } from "./checkpoint.js";
import { hideContexts } from "./hide-contexts.js";
import { IoThread } from "./io-thread.js";
import { installKernelSession } from "./kernel-session.js";
import { letFitsEndInOrder } from "./orderly-fits.js";
import { OutputContext, outputContext } from "./output-context.js";
import { captureOutput } from "./output-streams.js";
import { RequestHandler } from "./request-handler.js";
import { Session } from "./session.js";
import { tolerateTermination } from "./tolerate-termination.js";

/** Makes this thread run cells; requests that came meanwhile have waited in `port`. */
export function startSession(port: MessagePort, checkerPort: MessagePort, gate: ExecutionGate): void {
  gate.protect(() => start(port, checkerPort, gate));
}

function start(port: MessagePort, checkerPort: MessagePort, gate: ExecutionGate): void {
  const ioThread = new IoThread(port);
  const session = new Session(ioThread, gate);
  installKernelSession(session);
  const compiler = new NotebookCompiler({
    checker: new CheckerClient(checkerPort),
    sources: compiledSources,
    checkpoint: createCheckpoint(gate),
    callback: stoppingCallback,
    protect: (work) => gate.protect(work),
    onTslabDisplay: (content, isUpdate) =>
      session.publish(isUpdate ? "update_display_data" : "display_data", content),
    onImport: (exports) => letFitsEndInOrder(exports, session),
  });
  const handler = new RequestHandler(session, ioThread, compiler, gate);
  hideContexts();
  captureOutput((name, text) => session.publish("stream", { name, text }));
  const report = (error: unknown) => reportStrayError(session, error);
  trackCellTimers(report);
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
  outputContext.run(new OutputContext({} as Header), tolerateTermination);
  port.on("message", (message: ToMainThread) => handler.receive(message));
}

/** An error in the background of a cell must not end the kernel; it is shown below the cell whose code it was. */
function reportStrayError(session: Session, error: unknown): void {
  // What an interrupt cut short, nobody may be waiting for.
  if (readField(error, "name") === "KeyboardInterrupt") return;
  session.reportFailure("An error that no code caught", error);
}
