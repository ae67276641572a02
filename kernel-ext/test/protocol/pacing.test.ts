import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Execution, KernelClient, type ReceivedMessage } from "../kernel-client.js";
import { defineDial } from "./dial.js";

let kernel: KernelClient;
let modelId: string;

beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(`import { sleep } from "@latentlab/kernel";\n${defineDial}`);
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
});
afterAll(() => kernel.close());
beforeEach(async () => {
  const { messages } = await kernel.execute("const shown = new Dial(); shown");
  modelId = messages.filter(({ header }) => header.msg_type === "comm_open").at(-1)?.content.comm_id;
});

/** Turns the dial at every 10 ms. */
const spin = (durationMs: number) =>
  kernel.sendExecute(
    `const end = Date.now() + ${durationMs}; let angle = 0; while (Date.now() < end) { shown.state.set({ angle: ++angle % 360 }); await sleep(10); } shown.state.set({ angle: 360 });`,
  );
const isUpdate = ({ header, content }: ReceivedMessage) =>
  header.msg_type === "comm_msg" && content.comm_id === modelId && content.data.method === "update";
const updates = () => kernel.messages.filter(isUpdate);
const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

/** What the project's own views say. @returns the msg_id */
const sayShown = (page: string, update: number) =>
  kernel.send("shell", "comm_msg", {
    comm_id: modelId,
    data: { method: "custom", content: { latentlab: "shown", page, update } },
  });

/** A page that needs `drawMs` to draw an update, one after the other. */
class Page {
  /** The most updates that it had before it and had not drawn. */
  mostWaiting = 0;
  drawn = 0;
  #open = true;
  readonly #ended: Promise<void>;
  readonly #name: string;
  readonly #drawMs: number;

  constructor(name: string, drawMs: number) {
    this.#name = name;
    this.#drawMs = drawMs;
    sayShown(name, 0);
    this.#ended = this.#draw();
  }

  close(): Promise<void> {
    this.#open = false;
    return this.#ended;
  }

  async #draw(): Promise<void> {
    const first = updates().length;
    while (this.#open) {
      const waiting = updates().slice(first + this.drawn);
      this.mostWaiting = Math.max(this.mostWaiting, waiting.length);
      await pause(waiting.length > 0 ? this.#drawMs : 5);
      const [next] = waiting;
      if (!next || !this.#open) continue;
      this.drawn++;
      const number = next.content.data.state._latentlab_update;
      if (number !== undefined) sayShown(this.#name, number);
    }
  }
}

async function spinBefore(pages: Page[], durationMs: number): Promise<Execution> {
  // The pages' first word is heard before the cell, which stands behind it in line.
  const execution = await kernel.waitForExecution(spin(durationMs));
  await Promise.all(pages.map((page) => page.close()));
  return execution;
}

describe("updates", () => {
  it("keep a distance where no page answers, and hold the state alone", async () => {
    const before = updates().length;
    await kernel.waitForExecution(spin(500));
    const sent = updates().slice(before);
    expect(sent.length).toBeGreaterThan(8);
    expect(sent.every(({ content }) => Object.keys(content.data.state).join() === "angle")).toBe(true);
    expect(sent.at(-1)?.content.data.state.angle).toBe(360);
  });

  it("flow to a page that answers at once", async () => {
    const page = new Page("quick", 1);
    await spinBefore([page], 1000);
    expect(updates().length).toBeGreaterThan(10);
    expect(page.mostWaiting).toBeLessThanOrEqual(3);
  });

  it("wait for a page that draws slowly, and the last state arrives", async () => {
    const page = new Page("slow", 400);
    await spinBefore([page], 4000);
    // Two on their way, and the last one at the cell's end.
    expect(page.mostWaiting).toBeLessThanOrEqual(3);
    expect(updates().length).toBeLessThan(16);
    expect(updates().length).toBeGreaterThan(6);
    expect(updates().at(-1)?.content.data.state.angle).toBe(360);
  });

  it("become ever rarer while the only page is silent, and flow again when it is loaded anew", async () => {
    sayShown("silent", 0);
    const cell = spin(6000);
    await pause(4500);
    // Two at first, then after one second and two more.
    expect(updates().length).toBeLessThanOrEqual(4);
    const msgId = kernel.send("shell", "comm_msg", { comm_id: modelId, data: { method: "request_state" } });
    await kernel.waitForIdle(msgId);
    const state = updates().at(-1)?.content.data.state;
    const page = new Page("reloaded", 1);
    sayShown("reloaded", state._latentlab_update);
    await kernel.waitForExecution(cell);
    await page.close();
    expect(updates().length).toBeGreaterThan(15);
    expect(updates().at(-1)?.content.data.state.angle).toBe(360);
  });

  it("wait for the slowest of several pages, and no longer for one that is gone", async () => {
    const [quick, slow] = [new Page("quick", 1), new Page("slow", 300)];
    sayShown("gone", 0);
    await spinBefore([quick, slow], 4000);
    expect(slow.mostWaiting).toBeLessThanOrEqual(4);
    expect(updates().length).toBeGreaterThan(6);
    expect(updates().length).toBeLessThan(18);
  });

  it("ignore what is no answer", async () => {
    for (const content of [null, 7, { latentlab: "shown" }, { latentlab: "shown", page: 1, update: {} }]) {
      const msgId = kernel.send("shell", "comm_msg", {
        comm_id: modelId,
        data: { method: "custom", content },
      });
      await kernel.waitForIdle(msgId);
    }
    await kernel.waitForExecution(spin(100));
    expect(updates().at(-1)?.content.data.state).toEqual({ angle: 360 });
  });
});
