import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { type Header, type JsonObject, type Message, type NoHeader, protocolVersion } from "./message.js";
import { nestsDeeperThan } from "./nesting.js";
import { withoutWrongFields } from "./request-fields.js";
import { WireError } from "./wire-error.js";

const delimiter = Buffer.from("<IDS|MSG>");
const jsonFrameCount = 4;
/** Headers come back with every message that answers them; what is longer is none. */
const maxHeaderBytes = 64 * 1024;
/** What is nested deeper, JavaScript cannot pass on: recursion ends at some thousands. */
const maxNesting = 500;

export interface OutgoingMessage {
  /** For what is to be recognised in answers; a new one by default. */
  id?: string;
  type: string;
  content: JsonObject;
  identities?: readonly Uint8Array[];
  parentHeader?: Header | NoHeader;
  metadata?: JsonObject;
  buffers?: readonly Uint8Array[];
}

/**
 * Turns messages into ZeroMQ frames and back:
 * identities, `<IDS|MSG>`, HMAC-SHA256 in hex, header, parent header, metadata, content, buffers.
 *
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
export class Codec {
  readonly #key: string;
  readonly #session = randomUUID();

  /** @param key the connection file's key; empty means that messages are not signed. */
  constructor(key: string) {
    this.#key = key;
  }

  encode(message: OutgoingMessage): Uint8Array[] {
    const jsonFrames = [
      this.#createHeader(message.type, message.id),
      message.parentHeader ?? {},
      message.metadata ?? {},
      message.content,
    ].map((part) => Buffer.from(JSON.stringify(part)));
    return [
      ...(message.identities ?? []),
      delimiter,
      Buffer.from(this.#sign(jsonFrames)),
      ...jsonFrames,
      ...(message.buffers ?? []),
    ];
  }

  /** @throws WireError `ERR_SIGNATURE_BAD` or `ERR_MESSAGE_BROKEN`; such a message is to be dropped. */
  decode(frames: readonly Buffer[]): Message {
    const delimiterIndex = frames.findIndex((frame) => frame.equals(delimiter));
    const signature = frames[delimiterIndex + 1];
    const jsonFrames = frames.slice(delimiterIndex + 2, delimiterIndex + 2 + jsonFrameCount);
    if (delimiterIndex < 0 || !signature || jsonFrames.length < jsonFrameCount) {
      throw new WireError(
        "ERR_MESSAGE_BROKEN",
        "A message came without its delimiter or its four JSON frames.",
      );
    }
    this.#verify(signature, jsonFrames);
    if (jsonFrames.slice(0, 2).some(({ length }) => length > maxHeaderBytes)) {
      throw new WireError("ERR_MESSAGE_BROKEN", "A message came whose header is too long.");
    }
    const [header, parentHeader, metadata, content] = jsonFrames.map(parseObject);
    if (typeof header?.msg_type !== "string" || typeof header.msg_id !== "string") {
      throw new WireError("ERR_MESSAGE_BROKEN", "A message came whose header has no msg_type or msg_id.");
    }
    return {
      identities: frames.slice(0, delimiterIndex),
      header: header as unknown as Header,
      parentHeader: parentHeader as unknown as Header | NoHeader,
      metadata: metadata ?? {},
      content: withoutWrongFields(header.msg_type, content ?? {}),
      buffers: frames.slice(delimiterIndex + 2 + jsonFrameCount),
    };
  }

  #createHeader(type: string, id: string = randomUUID()): Header {
    return {
      msg_id: id,
      session: this.#session,
      username: "kernel",
      date: new Date().toISOString(),
      msg_type: type,
      version: protocolVersion,
    };
  }

  #sign(jsonFrames: readonly Uint8Array[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac("sha256", this.#key);
    for (const frame of jsonFrames) hmac.update(frame);
    return hmac.digest("hex");
  }

  #verify(signature: Buffer, jsonFrames: readonly Uint8Array[]): void {
    if (this.#key === "") return;
    const expected = Buffer.from(this.#sign(jsonFrames));
    // Constant time: the time of a comparison must not tell how much of a forged signature was right.
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new WireError(
        "ERR_SIGNATURE_BAD",
        "A message came whose signature does not fit the kernel's key.",
      );
    }
  }
}

function parseObject(frame: Buffer): JsonObject {
  if (nestsDeeperThan(frame, maxNesting)) {
    throw new WireError("ERR_MESSAGE_BROKEN", "A message came that is nested too deeply.");
  }
  let value: unknown;
  try {
    value = JSON.parse(frame.toString("utf8"));
  } catch (cause) {
    throw new WireError("ERR_MESSAGE_BROKEN", "A message came with a frame that is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError("ERR_MESSAGE_BROKEN", "A message came with a frame that is not a JSON object.");
  }
  return value as JsonObject;
}
