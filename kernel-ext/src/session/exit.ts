import type { IoThread } from "./io-thread.js";

/** Node's `process.exit`. */
export type Exit = typeof process.exit;

/** An I/O thread that has not ended the process by then never will. */
const patienceMs = 1000;

/**
 * Replaces `process.exit`, which cells may call. Node's own would wait for the I/O thread's inspector and tear ZeroMQ
 * down while it is in use, which aborts the process with a complaint. The replacement calls the `exit` listeners, as
 * Node's does, and has the I/O thread kill the process once the cell's output is sent; Jupyter, which starts the kernel
 * anew, does not look at the exit code.
 *
 * @returns Node's own, for when the I/O thread has let go of both
 */
export function exitThroughIoThread(ioThread: IoThread): Exit {
  const nodeExit = process.exit.bind(process) as Exit;
  let exiting = false;
  process.exit = (code) => {
    if (code !== undefined && code !== null) process.exitCode = code;
    // A listener may itself call `exit`, and then nothing is left to do.
    if (!exiting) {
      exiting = true;
      announceExit(Number(process.exitCode ?? 0));
    }
    ioThread.endProcess();
    // `exit` must not return.
    blockThread(patienceMs);
    return nodeExit(code);
  };
  return nodeExit;
}

function announceExit(exitCode: number): void {
  try {
    process.emit("exit", exitCode);
  } catch (error) {
    console.error(error);
  }
  console.error(`process.exit(${exitCode}) has ended the kernel; its variables are gone.`);
}

/** The I/O thread goes on. */
function blockThread(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, durationMs);
}
