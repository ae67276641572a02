import fs, { type FileHandle } from "node:fs/promises";
import path from "node:path";
import { explainFullDisk, makeFolder } from "../full-disk.js";
import { claimPartial, releasePartial } from "./partial.js";
import { share } from "./share.js";

/** Of one file, with what has come so far kept in between. */
const maxTries = 3;

/** How a file of known size is got, and what is said where that fails. */
export interface Transfer {
  /** In bytes. */
  size: number;
  /** Asks for everything from a byte on. @throws for an answer that is neither 200 nor 206 */
  request(position: number, signal: AbortSignal): Promise<Response>;
  /** Looks at the whole file. @throws where it is not the one that was meant; it is thrown away then */
  verify(file: string, signal: AbortSignal): Promise<void>;
  /** The error for a connection that ended too early, again and again. */
  brokenOff(position: number, cause?: unknown): Error;
  /** The error for a server that announces or sends something else than the file. */
  wrongLength(what: string): Error;
  /** Called now and then with the bytes that have arrived so far, earlier attempts included. */
  onProgress?(position: number): void;
}

/**
 * Gets a file: `target` either does not exist or is whole. A download that broke off goes on where it stopped, also in the
 * next process. Who asks for the same target in this process joins the download that is under way (`onProgress` is that of
 * the first); in two processes each has its own.
 *
 * @throws the signal's reason once it is aborted, DiskError `ERR_DISK_FULL`, and what the transfer says
 */
export async function download(
  target: string,
  transfer: Transfer,
  signal: AbortSignal | undefined,
): Promise<void> {
  await share(target, signal, async (signal) => {
    await makeFolder(path.dirname(target));
    const partial = await claimPartial(target);
    try {
      const remark = `It needs ${megabytes(transfer.size)} in all; what has come is kept, and the next try goes on from there.`;
      await explainFullDisk(target, () => complete(partial, transfer, signal), remark);
      await transfer.verify(partial, signal).catch(async (error) => {
        // Going on from wrong bytes would never help.
        if (!signal.aborted) await fs.rm(partial, { force: true });
        throw error;
      });
      await fs.rename(partial, target);
    } catch (error) {
      await releasePartial(partial, target);
      throw error;
    }
  });
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Loads what is missing of the file. */
async function complete(partial: string, transfer: Transfer, signal: AbortSignal): Promise<void> {
  const handle = await fs.open(partial, "a");
  try {
    for (let attempt = 1; (await handle.stat()).size !== transfer.size; attempt++) {
      const broken = await appendRest(handle, transfer, signal);
      if (broken && attempt === maxTries) throw transfer.brokenOff(broken.position, broken.cause);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Appends what is missing to the file, or tells how far the connection has carried. */
async function appendRest(
  handle: FileHandle,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<{ position: number; cause?: unknown } | undefined> {
  const { size, onProgress } = transfer;
  let position = (await handle.stat()).size;
  if (position > size) position = await restart(handle);
  const response = await transfer.request(position, signal);
  if (position > 0 && response.status !== 206) position = await restart(handle); // it sends the whole file again
  const announced = describeWrongLength(response, position, size);
  if (announced !== undefined) {
    await response.body?.cancel();
    throw transfer.wrongLength(announced);
  }
  const reader = response.body?.getReader();
  while (position <= size) {
    let next: Awaited<ReturnType<NonNullable<typeof reader>["read"]>> | undefined;
    try {
      next = await reader?.read();
    } catch (cause) {
      signal.throwIfAborted();
      return { position, cause };
    }
    if (!next || next.done) break;
    await handle.appendFile(next.value).catch(async (error) => {
      await reader?.cancel().catch(() => {}); // the connection may have failed meanwhile, too
      throw error;
    });
    position += next.value.length;
    onProgress?.(position);
  }
  if (position > size) {
    await reader?.cancel();
    await restart(handle);
    throw transfer.wrongLength("more");
  }
  return position < size ? { position } : undefined;
}

/** What an answer's headers say, where that is not what is missing of the file. */
function describeWrongLength({ status, headers }: Response, position: number, size: number) {
  const range = headers.get("Content-Range");
  if (status === 206 && range !== `bytes ${position}-${size - 1}/${size}`) return `the range ${range}`;
  const length = headers.get("Content-Length");
  const isEncoded = (headers.get("Content-Encoding") ?? "identity") !== "identity";
  if (length === null || isEncoded || Number(length) === size - position) return undefined;
  return `${length} bytes from byte ${position} on`;
}

async function restart(handle: FileHandle): Promise<0> {
  await handle.truncate(0);
  return 0;
}
