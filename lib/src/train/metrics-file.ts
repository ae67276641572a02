import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import { explainFullDisk } from "../full-disk.js";

/** One line of JSON a step. Holds no times, so that a training that was broken off and resumed writes the same bytes. */
export interface MetricsFile {
  /** @throws DiskError `ERR_DISK_FULL`, with none of the lines in the file: they are written with the next ones */
  append(lines: readonly Readonly<Record<string, number>>[]): Promise<void>;
  /** On the disk when it returns: before a checkpoint that takes these steps for done. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file to go on after `step`: what stands there of later steps, and a last line that was cut off, is removed.
 */
export async function openMetricsFile(file: string, step: number): Promise<MetricsFile> {
  const handle = await explainFullDisk(file, () => fs.open(file, "a"));
  try {
    await handle.truncate(await findEnd(file, step));
  } catch (error) {
    await handle.close();
    throw error;
  }
  let unwritten = "";
  return {
    async append(lines) {
      unwritten += lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      if (unwritten === "") return;
      const { size } = await handle.stat();
      await explainFullDisk(file, async () => {
        try {
          await handle.appendFile(unwritten);
        } catch (error) {
          await handle.truncate(size);
          throw error;
        }
      });
      unwritten = "";
    },
    sync: () => explainFullDisk(file, () => handle.datasync()),
    close: () => handle.close(),
  };
}

/** Bytes of the whole lines up to `step`. */
async function findEnd(file: string, step: number): Promise<number> {
  let end = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (;;) {
      const newline = rest.indexOf(10, start);
      if (newline < 0) break;
      if (!isUpTo(rest.toString("utf8", start, newline), step)) return end;
      end += newline + 1 - start;
      start = newline + 1;
    }
    rest = rest.subarray(start);
  }
  return end;
}

function isUpTo(line: string, step: number): boolean {
  try {
    return JSON.parse(line).step <= step;
  } catch {
    return false; // after a crash of the machine there may be zeros in the place of a line
  }
}
