import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NativeOutputFiles } from "../native-output/redirect.js";
import type { Connection } from "../wire/connection-file.js";
import type { Header } from "../wire/message.js";
import type { ToWitness } from "../witness/messages.js";

const program = fileURLToPath(new URL("../witness/main.js", import.meta.url));
/** The kernel's own start comes first. */
const delayMs = 500;

/** The process that tells what happened when this one dies, and tidies up after it. */
export class Witness {
  #process: ChildProcess | undefined;
  readonly #timer: NodeJS.Timeout;
  /** The cells that run; the latest is told. */
  #cells: Header[] = [];

  constructor(connection: Connection, nativeOutput: NativeOutputFiles | undefined) {
    this.#timer = setTimeout(() => this.#start(connection, nativeOutput), delayMs);
    this.#timer.unref();
  }

  cellStarted(header: Header): void {
    this.#cells.push(header);
    this.#tellCell();
  }

  cellEnded(header: Header): void {
    this.#cells = this.#cells.filter((cell) => cell !== header);
    this.#tellCell();
  }

  /** The kernel ends in good order: there will be nothing to tell. */
  dismiss(): void {
    clearTimeout(this.#timer);
    this.#tell({ kind: "bye" });
  }

  #start(connection: Connection, nativeOutput: NativeOutputFiles | undefined): void {
    this.#process = spawn(process.execPath, [program], {
      stdio: ["pipe", "ignore", "ignore"],
      // In a group of its own, so that what ends the kernel's group does not end it, too.
      detached: true,
    });
    this.#process.on("error", () => {});
    this.#process.stdin?.on("error", () => {});
    this.#process.unref();
    this.#tell({ kind: "start", connection, nativeOutput });
    this.#tellCell();
  }

  #tellCell(): void {
    const header = this.#cells.at(-1);
    this.#tell(header ? { kind: "cell", header } : { kind: "idle" });
  }

  #tell(message: ToWitness): void {
    this.#process?.stdin?.write(`${JSON.stringify(message)}\n`);
  }
}
