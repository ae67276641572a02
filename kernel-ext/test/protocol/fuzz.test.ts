/** Whatever comes in, the kernel answers or drops it: it lives on, and runs nothing that is not signed. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forgeries } from "../fuzz/forgeries.js";
import { FuzzedKernel } from "../fuzz/fuzzed-kernel.js";
import { changed, executeFrames, requests } from "../fuzz/messages.js";
import { channels, delimiter, ports } from "../fuzz/raw-client.js";

const folder = mkdtempSync(join(tmpdir(), "latentlab-fuzz-"));
let kernel: FuzzedKernel;
beforeAll(async () => {
  kernel = await FuzzedKernel.start();
});
afterAll(async () => {
  await kernel.close();
  rmSync(folder, { recursive: true });
});

const bytes = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength });

it("drops what is not signed, and runs none of it", async () => {
  const traceFile = join(folder, "ran");
  const code = `globalThis.forgedRan = true; process.getBuiltinModule("fs").writeFileSync("${traceFile}", "")`;
  await kernel.check(fc.tuple(fc.constantFrom(...channels), forgeries(code)), async ([channel, forge]) => {
    await kernel.raw.send(
      channel,
      forge((frames) => kernel.raw.sign(frames)),
    );
  });
  expect(await kernel.evaluate("'forgedRan' in globalThis")).toBe("false");
  expect(existsSync(traceFile)).toBe(false);
  // The same code leaves its traces where it is signed.
  await kernel.raw.sendSigned("shell", executeFrames(code));
  await expect.poll(() => existsSync(traceFile)).toBe(true);
});

it("lives on after requests with wrong types in any field", async () => {
  const buffers = fc.array(bytes(50), { maxLength: 3 });
  const message = fc.tuple(fc.constantFrom(...channels), requests, buffers);
  await kernel.check(message, ([channel, frames, data]) => kernel.raw.sendSigned(channel, frames, data));
});

it("lives on after broken messages to a comm and to a widget", async () => {
  const { reply, messages } = await kernel.client.execute(`
    import { comms, widgetBrand } from "@latentlab/kernel";
    comms.registerTarget("echo", (comm) => { comm.onMsg(({ content, buffers }) => comm.send(content.data, { buffers })); });
    const values: Record<string, unknown> = { angle: 1, mask: new Float32Array(2), nested: { list: [1] } };
    const state = {
      get: () => values,
      set: (changes: object) => { Object.assign(values, changes); },
      subscribe: () => () => {},
    };
    const widget = { [widgetBrand]: true, esm: "", css: "", state, toMimeBundle: () => ({ "text/plain": "" }) };
    widget`);
  const [model] = messages.filter(
    ({ header, content }) => header.msg_type === "comm_open" && content.data.state._esm === "",
  );
  await kernel.client.send("shell", "comm_open", { comm_id: "echo", target_name: "echo", data: {} });
  expect(reply.status, JSON.stringify(reply)).toBe("ok");
  expect(model).toBeDefined();
  const update = {
    method: "update",
    state: { angle: 2, mask: [], nested: { list: [2] } },
    buffer_paths: [["mask"], ["nested", "list", 0]],
  };
  const parts = [changed(update), changed(update.state), fc.array(bytes(9), { maxLength: 3 })] as const;
  const id = fc.constantFrom("echo", model?.content.comm_id);
  await kernel.check(fc.tuple(id, ...parts), async ([commId, data, state, buffers]) => {
    const [header, parent, metadata] = executeFrames("");
    const whole = data.replace(JSON.stringify(update.state), () => state);
    const frames = [header.replace("execute_request", "comm_msg"), parent, metadata];
    await kernel.raw.sendSigned("shell", [...frames, `{"comm_id":"${commId}","data":${whole}}`], buffers);
  });
});

it("lives on after frames that are no JSON, or no UTF-8", async () => {
  const texts = fc.constantFrom("", "{", "NaN", "[]", "null", "\ufeff{}", "{}{}", ...executeFrames("1"));
  const frame = fc.oneof(texts, fc.string({ unit: "binary" }), bytes(100));
  const frames = fc.array(frame, { minLength: 4, maxLength: 6 });
  await kernel.check(frames, (message) => kernel.raw.sendSigned("shell", message));
});

it("lives on after what is no ZeroMQ, and after subscriptions to anything", async () => {
  await kernel.check(bytes(300), (topic) => kernel.raw.sendSubscription(topic));
  const noise = fc.sample(fc.tuple(fc.constantFrom(...ports), bytes(300)), 30);
  await Promise.all(noise.map(([port, data]) => kernel.raw.sendBytes(port, data)));
  await kernel.expectHealthy();
});

it("lives on after huge headers, contents and buffers", async () => {
  const huge = JSON.stringify("x".repeat(30e6));
  const [header, parent, metadata, content] = executeFrames("1");
  const send = kernel.raw.sendSigned.bind(kernel.raw);
  await send("shell", [header.replace('"fuzz"', () => huge), parent, metadata, content]);
  await send("shell", [header, `{"a":${huge}}`, metadata, content]);
  await send("control", [header, parent, `{"a":${huge}}`, `{"code":${huge}}`]);
  await send("shell", [header, parent, metadata, `{"code":"2","a":${huge}}`], [Buffer.alloc(60e6)]);
  await kernel.raw.send("shell", [delimiter, "0".repeat(64), Buffer.alloc(60e6), parent, metadata, content]);
  await kernel.expectHealthy();
});
