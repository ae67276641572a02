import fc from "fast-check";
import { expect } from "vitest";
import { KernelClient } from "../kernel-client.js";
import { RawClient } from "./raw-client.js";

/** Repeats a run. */
const seed = Number(process.env.LATENTLAB_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Makes it longer. */
const batchCount = Number(process.env.LATENTLAB_FUZZ_BATCHES ?? 25);
const batchSize = 40;

/** A kernel that gets what no front end would send, and a front end that asks how it is. */
export class FuzzedKernel {
  readonly client: KernelClient;
  readonly raw: RawClient;

  static async start(): Promise<FuzzedKernel> {
    console.log(`LATENTLAB_FUZZ_SEED=${seed}`);
    return new FuzzedKernel(await KernelClient.start());
  }

  private constructor(client: KernelClient) {
    this.client = client;
    this.raw = new RawClient(client.connection);
  }

  /** Sends batches of what `one` makes. What fails is not made smaller, since the kernel has changed meanwhile. */
  async check<Value>(one: fc.Arbitrary<Value>, send: (value: Value) => Promise<void>): Promise<void> {
    const batches = fc.array(one, { minLength: batchSize, maxLength: batchSize });
    const property = fc.asyncProperty(batches, async (batch) => {
      for (const value of batch) await send(value);
      await this.expectHealthy();
    });
    await fc.assert(property, { seed, numRuns: batchCount, endOnFailure: true });
  }

  async expectHealthy(): Promise<void> {
    await this.raw.heard();
    expect(await this.evaluate("1 + 1")).toBe("2");
    await this.#expectIdle();
    this.client.messages.length = 0;
  }

  /** A cell's value. Another client's error may abort a cell that waits; it is sent again then. */
  async evaluate(code: string): Promise<string | undefined> {
    let execution = await this.client.execute(code);
    while (execution.reply.status === "aborted") execution = await this.client.execute(code);
    return execution.text;
  }

  /** For whatever it was busy with, it has become idle. */
  async #expectIdle(): Promise<void> {
    const pending = () => {
      const counts = new Map<unknown, number>();
      for (const { header, parent_header, content } of this.client.messages) {
        if (header.msg_type !== "status") continue;
        const change = content.execution_state === "busy" ? 1 : -1;
        counts.set(parent_header.msg_id, (counts.get(parent_header.msg_id) ?? 0) + change);
      }
      return [...counts].filter(([, count]) => count !== 0);
    };
    await expect.poll(pending, { timeout: 10_000 }).toEqual([]);
  }

  async close(): Promise<void> {
    this.raw.close();
    await this.client.close();
  }
}
