type Write = (name: "stdout" | "stderr", text: string) => void;

/** Sends what code prints to the notebook, in place of the terminal that Jupyter was started from. */
export function captureOutput(write: Write): void {
  capture(process.stdout, (text) => write("stdout", text));
  capture(process.stderr, (text) => write("stderr", text));
}

function capture(stream: NodeJS.WriteStream, write: (text: string) => void): void {
  // A character may be split between two chunks of bytes.
  const decoder = new TextDecoder();
  const replacement = (
    chunk: string | Uint8Array,
    encodingOrCallback?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    const encoding = typeof encodingOrCallback === "string" ? encodingOrCallback : "utf8";
    write(typeof chunk === "string" ? decodeText(chunk, encoding) : decoder.decode(chunk, { stream: true }));
    const done = typeof encodingOrCallback === "function" ? encodingOrCallback : callback;
    if (done) process.nextTick(done);
    return true;
  };
  stream.write = replacement as typeof stream.write;
}

/** `write("6869", "hex")` writes "hi". */
function decodeText(text: string, encoding: BufferEncoding): string {
  return encoding === "utf8" || encoding === "utf-8" ? text : Buffer.from(text, encoding).toString("utf8");
}
