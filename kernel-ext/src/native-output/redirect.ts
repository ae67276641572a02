import { closeSync, constants, mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Where what native code prints is to be found. */
export interface NativeOutputFiles {
  /** A folder of the kernel's own. */
  folder: string;
  stdout: string;
  stderr: string;
  /** Standard error as it was; undefined where that cannot be opened a second time. */
  terminal: number | undefined;
}

const { O_RDWR, O_APPEND, O_CREAT, O_EXCL } = constants;

/**
 * Leads standard output and error, where libtensorflow, libtorch and child processes write, into two files. Files, not
 * pipes: they never block the writer, and when the process dies, its last words are still there to be read.
 *
 * POSIX opens the lowest free number, so that closing 1 and opening a file makes that file 1. To be called before the
 * process has other threads, which might open something in between. Not for Windows.
 */
export function redirectNativeOutput(): NativeOutputFiles | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const terminal = openAgain("/dev/fd/2");
    const folder = mkdtempSync(path.join(tmpdir(), "latentlab-kernel-"));
    const files = {
      folder,
      stdout: path.join(folder, "stdout"),
      stderr: path.join(folder, "stderr"),
      terminal,
    };
    replace(1, files.stdout);
    replace(2, files.stderr);
    return files;
  } catch {
    // No room for files: then all stays as it is.
    return undefined;
  }
}

/** What leads to a terminal, a file or a pipe can be opened anew, what is a socket cannot. */
function openAgain(file: string): number | undefined {
  try {
    return openSync(file, "a");
  } catch {
    return undefined;
  }
}

function replace(fd: number, file: string): void {
  closeSync(fd);
  const opened = openSync(file, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
  if (opened !== fd) throw new Error(`The file for ${fd} became ${opened}.`);
}
