import { download } from "../../download/download.js";
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
 * Downloads a file, or what is missing of it; `target` either does not exist or is whole.
 *
 * @throws DataError `ERR_DOWNLOAD_FAILED`: call again to go on; `ERR_DATASET_CHECKSUM`: what has come was thrown away
 * @throws the signal's reason once it is aborted
 */
export async function downloadFile(
  { url, size, md5 }: RemoteFile,
  target: string,
  { onProgress, signal }: DownloadOptions = {},
): Promise<void> {
  const transfer = {
    size,
    request: (position: number, signal: AbortSignal) => request(url, position, signal),
    verify: (file: string, signal: AbortSignal) => verifyMd5(file, md5, signal),
    brokenOff: (position: number, cause?: unknown) =>
      failed(url, cause ?? new Error(`it sent ${position} of ${size} bytes`)),
    wrongLength: (what: string) => failed(url, new Error(`it has ${size} bytes and sends ${what}`)),
    onProgress: (position: number) => onProgress?.(position, size),
  };
  await download(target, transfer, signal);
}

async function request(url: string, position: number, signal: AbortSignal): Promise<Response> {
  const headers = { "accept-encoding": "identity", ...(position > 0 && { range: `bytes=${position}-` }) };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw failed(url, error);
  }
  if (response.status === 200 || response.status === 206) return response;
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
