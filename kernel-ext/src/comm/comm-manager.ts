import type { KernelSession } from "../session/kernel-session.js";
import { Comm, type CommMessage } from "./comm.js";

/** Called when the front end opens a comm; `message` is its `comm_open`. */
export type CommTarget = (comm: Comm, message: CommMessage) => unknown;

/** The kernel's open comms, and the targets at which a front end may open more. */
export class CommManager {
  readonly #session: KernelSession;
  readonly #comms = new Map<string, Comm>();
  readonly #targets = new Map<string, CommTarget>();

  constructor(session: KernelSession) {
    this.#session = session;
  }

  /** Later registrations of the same name replace earlier ones, since cells are run again. */
  registerTarget(name: string, target: CommTarget): void {
    this.#targets.set(name, target);
  }

  unregisterTarget(name: string): void {
    this.#targets.delete(name);
  }

  add(comm: Comm): void {
    this.#comms.set(comm.id, comm);
  }

  remove(comm: Comm): void {
    this.#comms.delete(comm.id);
  }

  get(commId: string): Comm | undefined {
    return this.#comms.get(commId);
  }

  /** Called by the kernel for `comm_open`: a target that nobody registered, or that fails, closes the comm. */
  async receiveOpen(message: CommMessage): Promise<void> {
    const name = String(message.content.target_name);
    const target = this.#targets.get(name);
    if (!target) {
      this.#session.publish("comm_close", { comm_id: message.content.comm_id, data: {} });
      return;
    }
    const comm = new Comm(name, {}, { id: message.content.comm_id, session: this.#session });
    try {
      await target(comm, message);
    } catch (error) {
      comm.close();
      throw error;
    }
  }
}
