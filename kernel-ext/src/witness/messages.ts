import type { NativeOutputFiles } from "../native-output/redirect.js";
import type { Connection } from "../wire/connection-file.js";
import type { Header } from "../wire/message.js";

/** What the kernel tells its witness, one JSON object a line. */
export type ToWitness =
  /** First of all. @param nativeOutput where native code's last words are */
  | { kind: "start"; connection: Connection; nativeOutput: NativeOutputFiles | undefined }
  /** A cell has started; to it goes what is to be said. */
  | { kind: "cell"; header: Header }
  | { kind: "idle" }
  /** The kernel ends in good order. */
  | { kind: "bye" };
