import type { JsonObject } from "../wire/message.js";

/** The open comms of both sides, kept here so that `comm_info_request` is answered while a cell computes. */
export class CommTable {
  readonly #targetNames = new Map<string, string>();

  /** Takes note of a comm message that passes in either direction. */
  observe(messageType: string, content: JsonObject): void {
    const commId = String(content.comm_id);
    if (messageType === "comm_open") this.#targetNames.set(commId, String(content.target_name));
    else if (messageType === "comm_close") this.#targetNames.delete(commId);
  }

  /** @returns content of a `comm_info_reply` */
  describe(targetName: unknown): JsonObject {
    const wanted = [...this.#targetNames].filter(([, name]) => !targetName || targetName === name);
    const comms = Object.fromEntries(wanted.map(([commId, name]) => [commId, { target_name: name }]));
    return { status: "ok", comms };
  }
}
