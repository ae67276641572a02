import { setTimeout as sleep } from "node:timers/promises";
import type { XPublisher } from "zeromq";
import { bindWhenFree } from "../wire/bind.js";
import { Codec } from "../wire/codec.js";
import type { Connection } from "../wire/connection-file.js";
import type { Header } from "../wire/message.js";

/** Subscribers notice soon that the dead kernel's socket is back; on a busy machine they may need longer. */
const reconnectMs = 400;
const patienceMs = 3000;

/** Sends the cell an error in the kernel's name, from the kernel's own address. */
export async function publishLastWords(
  connection: Connection,
  parentHeader: Header,
  text: string,
): Promise<void> {
  // Loaded only now: a witness should be small as long as it only waits.
  const { XPublisher } = await import("zeromq");
  const codec = new Codec(connection.key);
  const socket = new XPublisher({ linger: reconnectMs });
  await bindWhenFree(socket, connection.addresses.iopub);
  await Promise.race([firstSubscription(socket), sleep(patienceMs)]);
  // There may be more than one.
  await sleep(reconnectMs);
  const [evalue = ""] = text.split("\n");
  const content = { ename: "KernelDied", evalue, traceback: [`KernelDied: ${text}`] };
  const messages = [
    { type: "error", content },
    { type: "status", content: { execution_state: "idle" } },
  ];
  for (const { type, content } of messages) {
    await socket.send(
      codec.encode({ type, content, parentHeader, identities: [Buffer.from(`kernel.${type}`)] }),
    );
  }
  await sleep(reconnectMs / 4);
  socket.close();
}

async function firstSubscription(socket: XPublisher): Promise<void> {
  await socket.receive();
}
