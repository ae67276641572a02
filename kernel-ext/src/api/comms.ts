import type { CommTarget } from "../comm/comm-manager.js";
import { findKernelSession } from "../session/kernel-session.js";

/** Targets at which the front end may open comms. Does nothing in plain Node. */
export const comms = {
  /** `target` is called with every comm that the front end opens to `name`. */
  registerTarget(name: string, target: CommTarget): void {
    findKernelSession()?.comms.registerTarget(name, target);
  },
  unregisterTarget(name: string): void {
    findKernelSession()?.comms.unregisterTarget(name);
  },
};
