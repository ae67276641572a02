import {
  closeSync,
  type FSWatcher,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  watch,
} from "node:fs";
import type { NativeOutputFiles } from "./redirect.js";

type Publish = (name: "stdout" | "stderr", text: string) => void;

const chunkBytes = 64 * 1024;
/** A file that has been read and is larger than this begins anew. */
const fileLimitBytes = 16 * 1024 * 1024;

/** Reads what native code has printed, as it comes. */
export class NativeOutputReader {
  readonly #streams: Stream[];
  readonly #watcher: FSWatcher | undefined;
  readonly #folder: string;
  #closed = false;

  constructor({ folder, stdout, stderr }: NativeOutputFiles, publish: Publish) {
    this.#folder = folder;
    this.#streams = [
      new Stream(stdout, (text) => publish("stdout", text)),
      new Stream(stderr, (text) => publish("stderr", text)),
    ];
    this.#watcher = watchFolder(folder, () => this.drain());
  }

  /** Publishes what has been printed up to now; nothing any more once it is closed. */
  drain(): void {
    if (this.#closed) return;
    for (const stream of this.#streams) stream.drain();
  }

  /** Removes the files, too. */
  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    for (const stream of this.#streams) stream.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

class Stream {
  readonly #fd: number;
  readonly #publish: (text: string) => void;
  readonly #decoder = new TextDecoder();
  readonly #chunk = Buffer.alloc(chunkBytes);
  #offset = 0;

  constructor(file: string, publish: (text: string) => void) {
    this.#fd = openSync(file, "r+");
    this.#publish = publish;
  }

  drain(): void {
    const { size } = fstatSync(this.#fd);
    while (this.#offset < size) {
      const length = readSync(this.#fd, this.#chunk, 0, chunkBytes, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      this.#publish(this.#decoder.decode(this.#chunk.subarray(0, length), { stream: true }));
    }
    if (this.#offset < fileLimitBytes || fstatSync(this.#fd).size !== this.#offset) return;
    ftruncateSync(this.#fd, 0);
    this.#offset = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Where the system gives no notice of changes, what is printed is read at the end of each cell. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onChange).on("error", () => {});
  } catch {
    return undefined;
  }
}
