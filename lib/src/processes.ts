import { createHash } from "node:crypto";
import { hostname } from "node:os";

/** Process numbers mean something on their own computer only; a folder may lie on a shared disk. */
export const thisHost = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** Whether a process of this computer is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing, only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
