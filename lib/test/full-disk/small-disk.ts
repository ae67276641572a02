import fs, { type FileHandle } from "node:fs/promises";
import os from "node:os";
import { vi } from "vitest";

/** As the operating system says it. */
function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    errno: -os.constants.errno.ENOSPC,
    syscall: "write",
  });
}

const bytesOf = (data: string | Uint8Array) => (typeof data === "string" ? Buffer.from(data) : data);

/**
 * From now on the process's files have room for so many bytes together, until `vi.restoreAllMocks()`: what fits of a
 * write arrives, as on a real disk. A small file system could be mounted by the administrator alone.
 */
export async function limitDisk(room: number): Promise<void> {
  const handle = await fs.open(os.devNull, "w");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { appendFile } = prototype;
  const write: (bytes: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }> =
    prototype.write;
  let left = room;
  const append = async (handle: FileHandle, data: string | Uint8Array) => {
    const bytes = bytesOf(data);
    const fitting = bytes.subarray(0, left);
    left -= fitting.length;
    await appendFile.call(handle, fitting);
    if (fitting.length < bytes.length) throw noSpace();
  };
  for (const method of ["appendFile", "writeFile"] as const) {
    vi.spyOn(prototype, method).mockImplementation(async function (this: FileHandle, data) {
      await append(this, data as string | Uint8Array);
    });
  }
  vi.spyOn(prototype, "write").mockImplementation(async function (
    this: FileHandle,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ) {
    if (left === 0) throw noSpace();
    const result = await write.call(this, bytes, offset, Math.min(length, left));
    left -= result.bytesWritten;
    return result;
  } as never);
}
