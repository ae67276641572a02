import { readFileSync } from "node:fs";
import { WireError } from "./wire-error.js";

export type ChannelName = "shell" | "control" | "iopub" | "stdin" | "hb";

/** What the front end wrote down for its kernel: where to listen and with which key to sign. */
export interface Connection {
  key: string;
  /** The address that each channel binds, in ZeroMQ's notation. */
  addresses: Record<ChannelName, string>;
}

const channelNames: readonly ChannelName[] = ["shell", "control", "iopub", "stdin", "hb"];

/** @throws WireError `ERR_CONNECTION_FILE_BROKEN` or `ERR_SIGNATURE_SCHEME` */
export function readConnectionFile(path: string | undefined): Connection {
  if (!path) {
    throw new WireError(
      "ERR_CONNECTION_FILE_BROKEN",
      "No connection file was named. Jupyter starts this program: select the kernel in JupyterLab instead.",
    );
  }
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new WireError(
      "ERR_CONNECTION_FILE_BROKEN",
      `The connection file ${path} cannot be read as JSON. Start the kernel anew from Jupyter.`,
      { cause },
    );
  }
  return parseConnection(fields, path);
}

function parseConnection(fields: Record<string, unknown>, path: string): Connection {
  const { transport = "tcp", ip = "127.0.0.1", key = "", signature_scheme: scheme = "hmac-sha256" } = fields;
  if (key !== "" && scheme !== "hmac-sha256") {
    throw new WireError(
      "ERR_SIGNATURE_SCHEME",
      `The connection file ${path} asks for signatures of scheme ${scheme}. Set Jupyter's Session.signature_scheme to hmac-sha256.`,
    );
  }
  const separator = transport === "ipc" ? "-" : ":";
  const addresses = {} as Record<ChannelName, string>;
  for (const channel of channelNames) {
    const port = fields[`${channel}_port`];
    if (typeof port !== "number") {
      throw new WireError(
        "ERR_CONNECTION_FILE_BROKEN",
        `The connection file ${path} has no ${channel}_port. Start the kernel anew from Jupyter.`,
      );
    }
    addresses[channel] = `${transport}://${ip}${separator}${port}`;
  }
  return { key: String(key), addresses };
}
