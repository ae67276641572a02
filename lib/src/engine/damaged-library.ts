import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";

/**
 * The first shared library in these folders that has been cut short, by a download or a copy that was interrupted. The
 * dynamic linker does not notice: the process would end with SIGBUS where the missing part is touched.
 */
export function findDamagedLibrary(folders: string[]): string | undefined {
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const file = path.join(folder, name);
      if (/\.(node|so(\.\d+)*)$/.test(name) && !isWhole(file)) return file;
    }
  }
  return undefined;
}

/** Whether an ELF file reaches as far as its table of sections, which linkers write last. */
function isWhole(file: string): boolean {
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(64);
    if (readSync(descriptor, header) < header.length || !header.subarray(0, 4).equals(elfMagic)) return false;
    const [offset, entrySize, entries] = [
      Number(header.readBigUInt64LE(0x28)),
      header.readUInt16LE(0x3a),
      header.readUInt16LE(0x3c),
    ];
    return fstatSync(descriptor).size >= offset + entrySize * entries;
  } finally {
    closeSync(descriptor);
  }
}

const elfMagic = Buffer.from("\x7fELF", "latin1");
