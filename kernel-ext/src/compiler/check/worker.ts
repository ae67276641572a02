import { type MessagePort, workerData } from "node:worker_threads";
import { Checker } from "./checker.js";
import type { FromChecker, ToChecker } from "./messages.js";
import { warmUp } from "./warm-up.js";

/** What the compiler thread is started with: each port is another thread's. */
export interface CheckerThreadData {
  directory: string;
  ports: MessagePort[];
}

const { directory, ports } = workerData as CheckerThreadData;
const checker = new Checker(directory);
// The first program reads TypeScript's libraries and Node's types: better now than with the first cell.
checker.check("1 + 1");
checker.commit("", undefined);

for (const port of ports) port.on("message", (message: ToChecker) => handle(message, port));
// What fails here fails again, and is told, when a reader asks for it.
warmUp(checker).catch(() => {});

function handle(message: ToChecker, port: MessagePort): void {
  try {
    if (message.kind === "commit") checker.commit(message.code, message.assigned);
    else answer(port, { kind: "answer", id: message.id, value: call(message) });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (message.kind === "call") answer(port, { kind: "failure", id: message.id, message: text });
    else process.stderr.write(`latentlab: a cell's declarations are lost to later cells: ${text}\n`);
  }
}

function call({ name, args }: Extract<ToChecker, { kind: "call" }>): unknown {
  const method = checker[name] as (...args: unknown[]) => unknown;
  return method.apply(checker, args);
}

function answer(port: MessagePort, message: FromChecker): void {
  port.postMessage(message);
}
