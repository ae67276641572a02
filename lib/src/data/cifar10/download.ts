import fs from "node:fs/promises";
import path from "node:path";
import { DataError } from "../../errors.js";
import { verifyMd5 } from "./checksum.js";

/** A file on the web whose size and checksum are known. */
export interface RemoteFile {
  url: string;
  /** In bytes. */
  size: number;
  /** In hexadecimal digits. */
  md5: string;
}

export interface DownloadOptions {
  /** Called now and then with the bytes that have arrived so far, earlier attempts included. */
  onProgress?: (receivedBytes: number, totalBytes: number) => void;
  /** Stops the download; what has arrived is kept for the next attempt. */
  signal?: AbortSignal;
}

/**
 * Downloads a file, or what is missing of it. Until it is complete and its checksum right, it lies beside `target` with
 * the ending `.partial`; then it is renamed. So `target` either does not exist or is whole.
 *
 * @throws DataError `ERR_DOWNLOAD_FAILED`: call again to go on; `ERR_DATASET_CHECKSUM`: the partial file has been removed
 * @throws the signal's reason once it is aborted
 */
export async function downloadFile(
  remote: RemoteFile,
  target: string,
  { onProgress, signal }: DownloadOptions = {},
): Promise<void> {
  await fs.mkdir(path.dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  let present = await sizeOf(partial);
  if (present > remote.size) {
    await fs.rm(partial);
    present = 0;
  }
  if (present < remote.size) await receive(remote, partial, present, onProgress, signal);
  try {
    await verifyMd5(partial, remote.md5, signal);
  } catch (error) {
    if (error instanceof DataError) await fs.rm(partial); // going on from wrong bytes would never help
    throw error;
  }
  await fs.rename(partial, target);
}

async function receive(
  { url, size }: RemoteFile,
  partial: string,
  present: number,
  onProgress: DownloadOptions["onProgress"],
  signal: AbortSignal | undefined,
): Promise<void> {
  const response = await request(url, present, signal);
  const start = response.status === 206 ? present : 0; // a server that knows no ranges sends everything again
  let received = start;
  const file = await fs.open(partial, start > 0 ? "r+" : "w");
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (received + chunk.length > size)
        throw new Error(`it sends more than the ${size} bytes that were expected`);
      await file.write(chunk, 0, chunk.length, received);
      received += chunk.length;
      onProgress?.(received, size);
    }
    if (received < size) throw new Error(`it sent ${received} of ${size} bytes`);
    await file.sync();
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(url, error);
  } finally {
    await file.close();
  }
}

/** Asks for everything from byte `present` on. */
async function request(url: string, present: number, signal: AbortSignal | undefined): Promise<Response> {
  const headers = { "accept-encoding": "identity", ...(present > 0 && { range: `bytes=${present}-` }) };
  let response: Response;
  try {
    response = await fetch(url, { headers, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(url, error);
  }
  const range = response.headers.get("content-range");
  const isRight =
    response.status === 200 || (response.status === 206 && range?.startsWith(`bytes ${present}-`));
  if (isRight && response.body) return response;
  await response.body?.cancel();
  throw failed(url, new Error(`it answered ${response.status} ${response.statusText}`.trim()));
}

function failed(url: string, cause: unknown): DataError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  const reason = cause instanceof Error ? `${cause.message}${inner}` : String(cause);
  return new DataError(
    "ERR_DOWNLOAD_FAILED",
    `The download of ${url} failed: ${reason}. Check the connection and try again; it goes on from where it stopped.`,
    undefined,
    { cause },
  );
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await fs.stat(file)).size;
  } catch {
    return 0;
  }
}
