/** Header of a Jupyter message, with the protocol's own field names. */
export interface Header {
  msg_id: string;
  session: string;
  username: string;
  date: string;
  msg_type: string;
  version: string;
  /** Of requests that are for a subshell. */
  subshell_id?: string | null;
}

/** The parent header of a message that nothing caused. */
export type NoHeader = Record<string, never>;

export type JsonObject = Record<string, unknown>;

/** One message of the Jupyter protocol, as it stands on the wire after the signature has been checked. */
export interface Message {
  /** Routing frames of ZeroMQ: who sent it, and to whom the reply goes. */
  identities: Uint8Array[];
  header: Header;
  parentHeader: Header | NoHeader;
  metadata: JsonObject;
  content: JsonObject;
  /** Binary frames after the JSON frames. */
  buffers: Uint8Array[];
}

/** The version of Jupyter's messaging protocol that this kernel speaks. */
export const protocolVersion = "5.4";
