import { randomUUID } from "node:crypto";
import type { Message } from "../wire/message.js";

/** Tells the answer to the question that is open from one that comes late, to a question that an interrupt has ended. */
export class Questions {
  #id = "";
  #cellId = "";

  /** @returns the message id of the new question */
  ask(cellId: string): string {
    this.#id = randomUUID();
    this.#cellId = cellId;
    return this.#id;
  }

  /** Front ends answer the question or its cell; some do not say what they answer. */
  isAnswer({ header, parentHeader }: Message): boolean {
    if (header.msg_type !== "input_reply") return false;
    const { msg_id } = parentHeader;
    return msg_id === undefined || msg_id === this.#id || msg_id === this.#cellId;
  }
}
