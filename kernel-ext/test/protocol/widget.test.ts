import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Execution, type Json, KernelClient } from "../kernel-client.js";
import { commMessages, defineDial } from "./dial.js";

const viewType = "application/vnd.jupyter.widget-view+json";

let kernel: KernelClient;
let shown: Execution;
let modelId: string;

beforeAll(async () => {
  kernel = await KernelClient.start();
  const { reply } = await kernel.execute(defineDial);
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
  shown = await kernel.execute("dial");
  modelId = findResult(shown).data[viewType].model_id;
});
afterAll(() => kernel.close());

const findResult = ({ messages }: Execution): Json =>
  messages.find((message) => message.header.msg_type === "execute_result")?.content ?? {};
const say = (data: Json, buffers: Uint8Array[] = []) =>
  kernel.send("shell", "comm_msg", { comm_id: modelId, data }, { buffers });
const floats = (buffer: Buffer | undefined) => [...new Float32Array(new Uint8Array(buffer ?? []).buffer)];

describe("a widget as a cell's value", () => {
  it("opens a layout and an anywidget model of protocol 2.1", () => {
    const opened = shown.messages.filter((message) => message.header.msg_type === "comm_open");
    expect(opened.map((message) => message.content.data.state._model_name)).toEqual([
      "LayoutModel",
      "AnyModel",
    ]);
    expect(opened.every((message) => message.metadata.version === "2.1.0")).toBe(true);
    expect(opened.every((message) => message.content.target_name === "jupyter.widget")).toBe(true);
    const model = opened[1]?.content;
    expect(model?.comm_id).toBe(modelId);
    expect(model?.data.state).toMatchObject({
      _model_module: "anywidget",
      _model_module_version: "*",
      _view_name: "AnyView",
      layout: `IPY_MODEL_${opened[0]?.content.comm_id}`,
      _esm: "export default { render() {} }",
      _css: ".dial {}",
      angle: 10,
    });
    expect(model?.data.state._anywidget_id).toMatch(/^latentlab\./);
  });

  it("sends typed arrays as buffers, also nested ones", () => {
    const model = shown.messages.filter((message) => message.header.msg_type === "comm_open")[1];
    expect(model?.content.data.buffer_paths).toEqual([["weights"], ["layers", 0, "mask"]]);
    expect(model?.content.data.state).not.toHaveProperty("weights");
    expect(model?.content.data.state.layers).toEqual([{}]);
    expect(floats(model?.buffers[0])).toEqual([0.5, 1]);
    expect([...(model?.buffers[1] ?? [])]).toEqual([1, 0]);
  });

  it("shows its static picture beside the live view", () => {
    expect(findResult(shown).data).toEqual({
      "image/svg+xml": "<svg/>",
      "text/plain": "Dial at 10",
      [viewType]: { version_major: 2, version_minor: 0, model_id: modelId },
    });
  });

  it("is the same model when it is shown again", async () => {
    const { messages } = await kernel.execute("display(dial)");
    expect(messages.filter((message) => message.header.msg_type === "comm_open")).toEqual([]);
    const display = messages.find((message) => message.header.msg_type === "display_data");
    expect(display?.content.data[viewType].model_id).toBe(modelId);
  });

  it("has its picture redrawn when the cell that shows it ends, if it has changed", async () => {
    const pictures = ({ messages }: Execution) =>
      messages
        .filter((message) => /display_data$/.test(message.header.msg_type))
        .map(({ header, content }) => [header.msg_type, content.data["text/plain"]]);
    const changed = await kernel.execute(
      "const spun = new Dial(); display(spun); await new Promise(r => setTimeout(r, 20)); spun.state.set({ angle: 90 });",
    );
    expect(pictures(changed)).toEqual([
      ["display_data", "Dial at 10"],
      ["update_display_data", "Dial at 90"],
    ]);
    const replaced = await kernel.execute(
      "const other = display(spun); spun.state.set({ angle: 80 }); await other.update('gone');",
    );
    expect(pictures(replaced).at(-1)).toEqual(["update_display_data", "'gone'"]);
    expect(pictures(await kernel.execute("display(spun)"))).toHaveLength(1);
  });

  it("keeps its place among displays, though its picture takes longer", async () => {
    const { messages } = await kernel.execute(
      `const slow = new Dial(); slow.toMimeBundle = async () => { await new Promise((r) => setTimeout(r, 50)); return { "text/plain": "slow" }; };
       display(slow); display(dial); display("text"); await new Promise((r) => setTimeout(r, 100)); display("later"); console.log("printed");`,
    );
    const shown = messages.filter(({ header }) => /^(display_data|stream)$/.test(header.msg_type));
    expect(shown.map(({ content }) => content.text ?? content.data["text/plain"])).toEqual([
      "slow",
      "Dial at 10",
      "'text'",
      "'later'",
      "printed\n",
    ]);
  });

  it("stays alive where its picture fails, which is reported", async () => {
    const { reply, stderr, messages } = await kernel.execute(
      "const broken = new Dial(); broken.toMimeBundle = async () => { throw new Error('no picture'); }; broken",
    );
    expect(reply.status).toBe("ok");
    expect(stderr).toContain("no picture");
    const result = messages.find((message) => message.header.msg_type === "execute_result");
    expect(result?.content.data).toHaveProperty([viewType]);
  });
});

describe("a widget's state", () => {
  it("goes to the page when the kernel changes it, with buffers", async () => {
    const { messages } = await kernel.execute(
      "dial.state.set({ angle: 20, weights: new Float32Array([2, 4]) });",
    );
    const [update] = commMessages(messages);
    expect(update?.content).toEqual({
      comm_id: modelId,
      data: { method: "update", state: { angle: 20 }, buffer_paths: [["weights"]] },
    });
    expect(floats(update?.buffers[0])).toEqual([2, 4]);
  });

  it("takes changes from the page, echoes them, and gives bytes their type back", async () => {
    const bytes = new Uint8Array(new Float32Array([7, 8, 9]).buffer);
    const msgId = say({ method: "update", state: { angle: 30 }, buffer_paths: [["weights"]] }, [bytes]);
    await kernel.waitForIdle(msgId);
    const answers = commMessages(kernel.publicationsOf(msgId));
    expect(answers.map((message) => message.content.data)).toEqual([
      { method: "echo_update", state: { angle: 30 }, buffer_paths: [["weights"]] },
    ]);
    expect(floats(answers[0]?.buffers[0])).toEqual([7, 8, 9]);
    const { text } = await kernel.execute("[dial.values.angle, dial.values.weights, dial.heard.at(-1)]");
    expect(text).toBe("[ 30, Float32Array(3) [ 7, 8, 9 ], [ 'angle,weights', 'view' ] ]");
  });

  it("puts nested buffers back in place", async () => {
    const layers = [{}, { mask: null }];
    const msgId = say({ method: "update", state: { layers }, buffer_paths: [["layers", 1, "mask"]] }, [
      new Uint8Array([5]),
    ]);
    await kernel.waitForIdle(msgId);
    expect((await kernel.execute("dial.values.layers[1]")).text).toBe("{ mask: Uint8Array(1) [ 5 ] }");
  });

  it("changes while a cell awaits", async () => {
    const cell = kernel.sendExecute(
      "while (dial.values.angle !== 77) await new Promise((r) => setTimeout(r, 20)); 'turned'",
    );
    await kernel.waitForPublication("execute_input", (message) => message.parent_header.msg_id === cell);
    say({ method: "update", state: { angle: 77 }, buffer_paths: [] });
    expect((await kernel.waitForExecution(cell)).text).toBe("'turned'");
  });

  it("snaps the page back where the widget refuses a change", async () => {
    const msgId = say({ method: "update", state: { angle: 1000 }, buffer_paths: [] });
    await kernel.waitForIdle(msgId);
    const data = commMessages(kernel.publicationsOf(msgId)).map((message) => message.content.data);
    expect(data.at(-1)).toEqual({ method: "update", state: { angle: 77 }, buffer_paths: [] });
    expect(kernel.publicationsOf(msgId, "stream")[0]?.content.text).toContain("a dial ends at 360");
  });

  it("ignores fields that the widget does not have", async () => {
    const msgId = say({ method: "update", state: { _view_count: 1 }, buffer_paths: [] });
    await kernel.waitForIdle(msgId);
    expect((await kernel.execute("'_view_count' in dial.values")).text).toBe("false");
  });
});

describe("many changes of a state", () => {
  const updatesOf = ({ messages }: Execution) => commMessages(messages).map(({ content }) => content.data);

  it("reach the page as few messages, of which the last holds the newest values", async () => {
    const updates = updatesOf(
      await kernel.execute(
        "for (let angle = 0; angle < 300; angle++) { dial.state.set({ angle }); if (angle % 100 === 0) await new Promise((r) => setTimeout(r, 50)); }",
      ),
    );
    expect(updates.length).toBeGreaterThan(3);
    expect(updates.length).toBeLessThan(12);
    expect(updates.at(-1)).toEqual({ method: "update", state: { angle: 299 }, buffer_paths: [] });
  });

  it("reach the page with the newest values where a loop is terminated, and go on in the next cell", async () => {
    const msgId = kernel.sendExecute(
      "let last = 0; for (let angle = 0; ; angle++) { dial.state.set({ angle }); last = angle; }",
    );
    await kernel.waitForPublication("comm_msg", ({ parent_header }) => parent_header.msg_id === msgId);
    kernel.command("interrupt");
    const stopped = updatesOf(await kernel.waitForExecution(msgId));
    const { text } = await kernel.execute("last === dial.values.angle || last + 1 === dial.values.angle");
    expect(text).toBe("true");
    const { text: angle } = await kernel.execute("dial.values.angle");
    expect(stopped.at(-1)?.state.angle).toBe(Number(angle));
    const next = updatesOf(
      await kernel.execute(
        "dial.state.set({ angle: 1 }); await new Promise((r) => setTimeout(r, 100)); dial.state.set({ angle: 2 }); await new Promise((r) => setTimeout(r, 100)); dial.state.set({ angle: 3 });",
      ),
    );
    expect(next.map(({ state }) => state.angle)).toEqual([1, 2, 3]);
  });

  it("are one message where they are held together, buffers included", async () => {
    await kernel.execute("import { hold, jsdlink, jslink } from '@latentlab/kernel';");
    const updates = updatesOf(
      await kernel.execute(
        `await hold(async () => {
           dial.state.set({ angle: 1 }); await new Promise((r) => setTimeout(r, 100));
           dial.state.set({ angle: 2, weights: new Float32Array([7, 8, 9]) });
         });`,
      ),
    );
    expect(updates).toEqual([{ method: "update", state: { angle: 2 }, buffer_paths: [["weights"]] }]);
  });

  it("are sent although the code that held them together fails", async () => {
    const failed = await kernel.execute(
      "hold(() => { dial.state.set({ angle: 3 }); throw new Error('half-way'); });",
    );
    expect(failed.reply.evalue).toBe("half-way");
    expect(updatesOf(failed)).toEqual([{ method: "update", state: { angle: 3 }, buffer_paths: [] }]);
  });

  it("do not overwrite what the reader has changed meanwhile", async () => {
    const cell = kernel.sendExecute(
      "await hold(async () => { dial.state.set({ angle: 4 }); console.log('held'); await new Promise((r) => setTimeout(r, 400)); });",
    );
    await kernel.waitForPublication("stream", ({ parent_header }) => parent_header.msg_id === cell);
    await kernel.waitForIdle(say({ method: "update", state: { angle: 55 }, buffer_paths: [] }));
    expect(updatesOf(await kernel.waitForExecution(cell))).toEqual([]);
    expect((await kernel.execute("dial.values.angle; dial.state.set({ angle: 77 }); 1")).reply.status).toBe(
      "ok",
    );
  });
});

describe("linked widgets", () => {
  it("are tied together in the page by a model of its own, until they are untied", async () => {
    const { messages, text } = await kernel.execute(
      "const follower = new Dial(); const tie = jslink([dial, 'angle'], [follower, 'angle']); tie",
    );
    expect(text).toBeUndefined();
    const opened = messages.filter(({ header }) => header.msg_type === "comm_open");
    const [link] = opened.slice(-1);
    const ids = opened.map(({ content }) => content.comm_id);
    expect(link?.content.data.state).toMatchObject({
      _model_module: "@jupyter-widgets/controls",
      _model_name: "LinkModel",
      source: [`IPY_MODEL_${modelId}`, "angle"],
      target: [`IPY_MODEL_${ids[1]}`, "angle"],
    });
    const untied = await kernel.execute("tie.unlink();");
    const [closed] = untied.messages.filter(({ header }) => header.msg_type === "comm_close");
    expect(closed?.content.comm_id).toBe(link?.content.comm_id);
  });

  it("can be tied one way", async () => {
    const { messages } = await kernel.execute("jsdlink([dial, 'angle'], [follower, 'angle']);");
    const [link] = messages.filter(({ header }) => header.msg_type === "comm_open");
    expect(link?.content.data.state._model_name).toBe("DirectionalLinkModel");
  });

  it("have the properties that are named, or else a sentence says which there are", async () => {
    const { reply } = await kernel.execute("jslink([dial, 'angel'], [follower, 'angle'])");
    expect(reply).toMatchObject({ status: "error", ename: "KernelError" });
    expect(reply.evalue).toContain('no property "angel" to link; there are: angle, weights, layers');
  });
});

describe("a page that is loaded anew", () => {
  it("asks one model for its state", async () => {
    const msgId = say({ method: "request_state" });
    await kernel.waitForIdle(msgId);
    const [answer] = commMessages(kernel.publicationsOf(msgId));
    expect(answer?.content.data).toMatchObject({
      method: "update",
      state: { angle: 77, _model_name: "AnyModel" },
    });
    expect(answer?.content.data.buffer_paths).toContainEqual(["weights"]);
  });

  it("asks for all models at once over the control comm", async () => {
    kernel.send("shell", "comm_open", {
      comm_id: "control",
      target_name: "jupyter.widget.control",
      data: {},
    });
    const msgId = kernel.send("shell", "comm_msg", {
      comm_id: "control",
      data: { method: "request_states" },
    });
    await kernel.waitForIdle(msgId);
    const [answer] = commMessages(kernel.publicationsOf(msgId));
    const { method, states, buffer_paths } = answer?.content.data ?? {};
    expect(method).toBe("update_states");
    expect(states[modelId]).toMatchObject({
      model_name: "AnyModel",
      model_module: "anywidget",
      model_module_version: "*",
      state: { angle: 77, _css: ".dial {}" },
    });
    expect(states[states[modelId].state.layout.replace("IPY_MODEL_", "")].model_name).toBe("LayoutModel");
    const index = buffer_paths.findIndex((path: string[]) => path.join() === `${modelId},state,weights`);
    expect(floats(answer?.buffers[index])).toEqual([7, 8, 9]);
  });

  it("opens a new model for a widget whose model the page has closed", async () => {
    await kernel.waitForIdle(kernel.send("shell", "comm_close", { comm_id: modelId, data: {} }));
    expect((await kernel.execute("dial.state.set({ angle: 5 }); dial.listeners.size")).text).toBe("1");
    const again = await kernel.execute("dial");
    const newId = findResult(again).data[viewType].model_id;
    expect(newId).not.toBe(modelId);
    expect(
      again.messages.find((message) => message.content.comm_id === newId)?.content.data.state.angle,
    ).toBe(5);
  });
});

describe("a widget in a cell that is abandoned", () => {
  it("is no longer watched for a change of its picture", async () => {
    const before = Number((await kernel.execute("dial.listeners.size")).text);
    const cell = kernel.sendExecute(
      "display(dial); console.log(dial.listeners.size); await new Promise(() => {});",
    );
    const printed = await kernel.waitForPublication("stream", (message) => {
      return message.parent_header.msg_id === cell;
    });
    expect(printed.content.text).toBe(`${before + 1}\n`);
    await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.waitForExecution(cell)).reply.ename).toBe("KeyboardInterrupt");
    expect((await kernel.execute("dial.listeners.size")).text).toBe(String(before));
  });
});

describe("a widget whose state no message can carry", () => {
  it("is shown by its picture alone, and says why", async () => {
    const { reply, messages, stderr } = await kernel.execute(
      "const odd = new Dial(); (odd.values as any).count = 1n; odd",
    );
    expect(reply.status).toBe("ok");
    expect(stderr).toContain("BigInt");
    const result = messages.find((message) => message.header.msg_type === "execute_result");
    expect(result?.content.data).toEqual({ "image/svg+xml": "<svg/>", "text/plain": "Dial at 10" });
    expect((await kernel.execute("odd.listeners.size")).text).toBe("0");
    const comms = messages.filter((message) => message.header.msg_type.startsWith("comm_"));
    expect(comms.map(({ header }) => header.msg_type)).toEqual(["comm_open", "comm_close"]);
  });
});
