import { setTimeout as sleep } from "node:timers/promises";

const timeoutMs = 5000;
const retryMs = 50;

interface Bindable {
  bind(address: string): Promise<void>;
}

/**
 * Waits for an address that another process is about to leave: a kernel that was killed leaves its own for a moment to its
 * witness, who tells why; and the witness hears of the death before the system has closed the dead kernel's sockets.
 */
export async function bindWhenFree(socket: Bindable, address: string): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (true) {
    try {
      return await socket.bind(address);
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || performance.now() > giveUpAt) throw error;
      await sleep(retryMs);
    }
  }
}
