import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, KernelClient } from "../kernel-client.js";
import { defineDial } from "./dial.js";

let kernel: KernelClient;

beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(
    `import { hold, jslink, widgets } from "@latentlab/kernel";\n${defineDial}
     class Speaker extends Dial {
       got: unknown[] = [];
       async receive(content: unknown, buffers: Uint8Array[]) {
         this.got.push(content, ...buffers);
         widgets.send(this, { said: content }, { buffers });
         if (content === "bad") throw new RangeError("no such word");
       }
     }`,
  );
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
});
afterAll(() => kernel.close());

const ofType = ({ messages }: Pick<Execution, "messages">, type: string) =>
  messages.filter(({ header }) => header.msg_type === type);
/** Runs a cell and returns the ids of the models that it opens. */
async function show(code: string): Promise<string[]> {
  return ofType(await kernel.execute(code), "comm_open").map(({ content }) => content.comm_id);
}
async function say(modelId: string | undefined, content: unknown, buffers: Uint8Array[] = []) {
  const data = { method: "custom", content };
  const msgId = kernel.send("shell", "comm_msg", { comm_id: modelId, data }, { buffers });
  await kernel.waitForIdle(msgId);
  return { messages: kernel.publicationsOf(msgId), stderr: kernel.publicationsOf(msgId, "stream")[0] };
}
async function openComms(): Promise<string[]> {
  const { comms } = await kernel.request("comm_info_request", { target_name: "jupyter.widget" });
  return Object.keys(comms);
}

describe("custom messages", () => {
  it("reach the widget, and the widget's reach its views, with buffers", async () => {
    const [, modelId] = await show("const speaker = new Speaker(); speaker");
    const { messages } = await say(modelId, { word: "hello" }, [new Uint8Array([1, 2])]);
    const [answer] = ofType({ messages }, "comm_msg");
    expect(answer?.content).toEqual({
      comm_id: modelId,
      data: { method: "custom", content: { said: { word: "hello" } } },
    });
    expect([...(answer?.buffers[0] ?? [])]).toEqual([1, 2]);
    expect((await kernel.execute("speaker.got")).text).toBe("[ { word: 'hello' }, Uint8Array(2) [ 1, 2 ] ]");
    expect((await say(modelId, "bad")).stderr?.content.text).toContain("no such word");
  });

  it("that nobody takes are reported", async () => {
    const [, modelId] = await show("const deaf = new Dial(); deaf");
    const { stderr } = await say(modelId, "hello");
    expect(stderr?.content.text).toContain("give the widget a method receive(content, buffers)");
  });

  it("need a widget that is shown", async () => {
    const { reply } = await kernel.execute("widgets.send(new Dial(), 1)");
    expect(reply.evalue).toBe("The widget has no views to send a message to: show it first.");
  });
});

describe("a widget that is closed", () => {
  it("leaves the page with its layout and its links, and can be shown again", async () => {
    const before = await openComms();
    const opened = await show(
      "const [left, right] = [new Dial(), new Dial()]; display(left); display(right); jslink([left, 'angle'], [right, 'angle']);",
    );
    expect(opened).toHaveLength(5);
    const closed = await kernel.execute("widgets.close(left); widgets.close(left); left.listeners.size");
    expect(closed.text).toBe("0");
    const ids = ofType(closed, "comm_close").map(({ content }) => content.comm_id);
    expect(ids.toSorted()).toEqual([opened[0], opened[1], opened[4]].toSorted());
    expect((await kernel.execute("left.state.set({ angle: 3 }); widgets.send(left, 1)")).reply.ename).toBe(
      "KernelError",
    );
    expect(await show("left")).toHaveLength(2);
    await kernel.execute("widgets.close(left); widgets.close(right)");
    expect((await openComms()).toSorted()).toEqual(before.toSorted());
  });

  it("is not opened again to redraw its picture", async () => {
    const shown = await kernel.execute(
      "const brief = new Dial(); await display(brief).shown; brief.state.set({ angle: 4 }); widgets.close(brief);",
    );
    expect(ofType(shown, "comm_open")).toHaveLength(2);
    expect(ofType(shown, "comm_close")).toHaveLength(2);
  });

  it("takes its links along where the page closes it", async () => {
    const [, leftId, , , linkId] = await show(
      "display(left); display(right); const tie = jslink([left, 'angle'], [right, 'angle']);",
    );
    const msgId = kernel.send("shell", "comm_close", { comm_id: leftId, data: {} });
    await kernel.waitForIdle(msgId);
    expect(kernel.publicationsOf(msgId, "comm_close").map(({ content }) => content.comm_id)).toContain(
      linkId,
    );
    await kernel.execute("tie.unlink(); widgets.close(right)");
  });

  it("leaves nothing in the kernel, also after a thousand of them", async () => {
    const before = await openComms();
    const { reply } = await kernel.execute(
      `const seen: WeakRef<Dial>[] = [];
       for (let count = 0; count < 1000; count++) {
         const dial = new Dial();
         seen.push(new WeakRef(dial));
         await display(dial).shown;
         const tie = jslink([dial, "angle"], [left, "angle"]);
         hold(() => { dial.state.set({ angle: count % 360 }); });
         widgets.close(dial);
       }`,
    );
    expect(reply.status, JSON.stringify(reply)).toBe("ok");
    await kernel.execute("widgets.close(left)");
    expect((await openComms()).toSorted()).toEqual(before.toSorted());
    const { text } = await kernel.execute(
      `import { setFlagsFromString } from "node:v8";
       import { runInNewContext } from "node:vm";
       setFlagsFromString("--expose-gc");
       const collect = runInNewContext("gc");
       for (let times = 0; times < 3; times++) { collect(); await new Promise((r) => setTimeout(r, 50)); }
       seen.filter((reference) => reference.deref()).length`,
    );
    expect(Number(text)).toBeLessThan(5);
  });

  it("can be all that there are", async () => {
    await kernel.execute("widgets.closeAll()");
    expect(await openComms()).toEqual([]);
  });
});
