import type { MessagePort } from "node:worker_threads";
import { TslabCompiler } from "../compiler/tslab-compiler.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { ToMainThread } from "../threads/thread-messages.js";
import type { Header } from "../wire/message.js";
import { trackCellTimers } from "./cell-timers.js";
import { readField } from "./inspect-safely.js";
import { IoThread } from "./io-thread.js";
import { installKernelSession } from "./kernel-session.js";
import { OutputContext, outputContext } from "./output-context.js";
import { captureOutput } from "./output-streams.js";
import { RequestHandler } from "./request-handler.js";
import { Session } from "./session.js";
import { tolerateTermination } from "./tolerate-termination.js";

/** Makes this thread run cells; requests that came meanwhile have waited in `port`. */
export function startSession(port: MessagePort, gate: ExecutionGate): void {
  gate.protect(() => start(port, gate));
}

function start(port: MessagePort, gate: ExecutionGate): void {
  const ioThread = new IoThread(port);
  const session = new Session(ioThread, gate);
  installKernelSession(session);
  const compiler = new TslabCompiler({
    directory: process.cwd(),
    protect: (work) => gate.protect(work),
    onTslabDisplay: (content, isUpdate) =>
      session.publish(isUpdate ? "update_display_data" : "display_data", content),
  });
  const handler = new RequestHandler(session, ioThread, compiler, gate);
  captureOutput((name, text) => session.publish("stream", { name, text }));
  trackCellTimers();
  reportStrayErrors(session);
  outputContext.run(new OutputContext({} as Header), tolerateTermination);
  port.on("message", (message: ToMainThread) => handler.receive(message));
}

/** An error in the background of a cell must not end the kernel. */
function reportStrayErrors(session: Session): void {
  const report = (error: unknown) => {
    // What an interrupt cut short, nobody may be waiting for.
    if (readField(error, "name") === "KeyboardInterrupt") return;
    session.reportFailure("An error that no code caught", error);
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}
