import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

const importApi = "import { clearOutput, display, html, mime, sleep, svg } from '@latentlab/kernel';";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(importApi);
});
afterAll(() => kernel.close());

describe("streams", () => {
  it("carries console output and direct writes, and keeps stdout and stderr in order", async () => {
    const { messages } = await kernel.execute(
      "console.log('a'); process.stdout.write('b'); console.error('c'); process.stdout.write(Buffer.from('d\\n'))",
    );
    const streams = messages
      .filter((message) => message.header.msg_type === "stream")
      .map((message) => message.content);
    expect(streams).toEqual([
      { name: "stdout", text: "a\nb" },
      { name: "stderr", text: "c\n" },
      { name: "stdout", text: "d\n" },
    ]);
  });

  it("delivers a burst of 20,000 lines complete, in order, and in few messages", async () => {
    const { messages, stdout } = await kernel.execute(
      "for (let i = 0; i < 20000; i++) console.log('line ' + i)",
    );
    const expected = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join("");
    expect(stdout === expected).toBe(true);
    expect(messages.length).toBeLessThan(200);
  });

  it("shows what was printed while the cell still computes", async () => {
    const msgId = kernel.sendExecute(
      "console.log('early'); const end = Date.now() + 1500; while (Date.now() < end);",
    );
    await kernel.waitForPublication("stream", (message) => message.content.text === "early\n");
    expect(
      kernel.messages.some(
        (message) => message.header.msg_type === "execute_reply" && message.parent_header.msg_id === msgId,
      ),
    ).toBe(false);
    await kernel.waitForExecution(msgId);
  });

  it("routes output to the cell that started the work, also after it and during another", async () => {
    const background = kernel.sendExecute(
      "void (async () => { for (let i = 0; i < 3; i++) { await sleep(80); console.log('tick ' + i); } })(); 1",
    );
    const foreground = await kernel.execute("await sleep(160); console.log('foreground')");
    await kernel.waitForPublication("stream", (message) => message.content.text.includes("tick 2"));
    const ticks = kernel.publicationsOf(background, "stream").map((message) => message.content.text);
    expect(ticks.join("")).toBe("tick 0\ntick 1\ntick 2\n");
    expect(foreground.stdout).toBe("foreground\n");
  });

  it("shows what native code and child processes print, in the cell that runs", async () => {
    const { stdout, stderr } = await kernel.execute(
      `import { spawnSync } from "node:child_process";
       spawnSync("sh", ["-c", "echo from a child; echo and its errors >&2"], { stdio: "inherit" });
       (process as unknown as { _rawDebug(text: string): void })._rawDebug("from Node's own C++");`,
    );
    expect(stdout).toBe("from a child\n");
    expect(stderr).toBe("and its errors\nfrom Node's own C++\n");
  });

  it("shows what native code prints while the cell still computes", async () => {
    const msgId = kernel.sendExecute(
      `spawnSync("sh", ["-c", "echo early child"], { stdio: "inherit" });
       const until = Date.now() + 1500; while (Date.now() < until);`,
    );
    await kernel.waitForPublication("stream", (message) => message.content.text === "early child\n");
    expect(kernel.messages.at(-1)?.header.msg_type).toBe("stream");
    await kernel.waitForExecution(msgId);
  });

  it("delivers megabytes of native output complete", async () => {
    const { stdout } = await kernel.execute(`spawnSync("sh", ["-c", "seq 1 300000"], { stdio: "inherit" });`);
    const expected = Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join("");
    expect(stdout === expected).toBe(true);
  });
});

describe("display", () => {
  it("shows MIME bundles, with bytes as base64 and metadata beside them", async () => {
    const { messages } = await kernel.execute(
      "display(mime({ 'image/png': new Uint8Array([1, 2, 3]), 'text/plain': 'dots' }), { metadata: { 'image/png': { width: 8 } } }); display(html('<b>x</b>', 'x'));",
    );
    const displays = messages.filter((message) => message.header.msg_type === "display_data");
    expect(displays[0]?.content.data).toEqual({ "image/png": "AQID", "text/plain": "dots" });
    expect(displays[0]?.content.metadata).toEqual({ "image/png": { width: 8 } });
    expect(displays[1]?.content.data).toEqual({ "text/html": "<b>x</b>", "text/plain": "x" });
  });

  it("updates a display by its handle, in the order of the calls, and shows no handle as a result", async () => {
    const { messages, text } = await kernel.execute(
      "const shown = display('one', { displayId: 'counter' }); shown.update('two'); shown.update('three'); shown",
    );
    const updates = messages.filter((message) => message.header.msg_type.endsWith("display_data"));
    expect(updates.map(({ header, content }) => [header.msg_type, content.data["text/plain"]])).toEqual([
      ["display_data", "'one'"],
      ["update_display_data", "'two'"],
      ["update_display_data", "'three'"],
    ]);
    expect(new Set(updates.map((message) => message.content.transient.display_id))).toEqual(
      new Set(["counter"]),
    );
    expect(text).toBeUndefined();
  });

  it("updates a display from a later cell", async () => {
    await kernel.execute("const later = display('old')");
    const { messages } = await kernel.execute("await later.update('new'); later.id");
    const update = messages.find((message) => message.header.msg_type === "update_display_data");
    const id = messages.find((message) => message.header.msg_type === "execute_result")?.content.data[
      "text/plain"
    ];
    expect(`'${update?.content.transient.display_id}'`).toBe(id);
  });

  it("shows values by their own method, synchronous or not, and waits for it", async () => {
    const define = (body: string) => `({ [Symbol.for("Jupyter.display")]: ${body} })`;
    const { messages } = await kernel.execute(
      `display(${define("async () => { await sleep(30); return { 'text/markdown': '*m*' }; }")}); ${define("() => ({ 'text/latex': '$x$' })")}`,
    );
    const shown = messages.filter((message) => message.content.data).map((message) => message.content.data);
    expect(shown).toEqual([{ "text/markdown": "*m*" }, { "text/latex": "$x$" }]);
  });

  it("falls back to text where a value cannot draw itself, and says why", async () => {
    const { reply, stderr, text } = await kernel.execute(
      "({ name: 'blot', [Symbol.for('Jupyter.display')]() { throw new Error('no ink'); } })",
    );
    expect(reply.status).toBe("ok");
    expect(text).toContain("name: 'blot'");
    expect(stderr).toContain("no ink");
  });

  it("draws SVG and clears output", async () => {
    const { messages } = await kernel.execute(
      "display(svg('<svg/>')); clearOutput({ wait: true }); clearOutput();",
    );
    const contents = messages
      .slice(2, -1)
      .map(({ header, content }) => [header.msg_type, content.wait ?? content.data]);
    expect(contents).toEqual([
      ["display_data", { "image/svg+xml": "<svg/>", "text/plain": "SVG picture" }],
      ["clear_output", true],
      ["clear_output", false],
    ]);
  });

  it("serves tslab's own display as well", async () => {
    const { messages } = await kernel.execute(
      "import * as tslab from 'tslab'; tslab.display.html('<i>t</i>')",
    );
    expect(messages.find((message) => message.header.msg_type === "display_data")?.content.data).toEqual({
      "text/html": "<i>t</i>",
    });
  });
});

describe("errors that no code catches", () => {
  it.each(
    Object.entries({
      "a timer": "setTimeout(() => { throw new Error('BOOM') }, 150)",
      "a rejected promise": "void (async () => { await sleep(150); throw new Error('BOOM'); })()",
      "an event":
        "import EventEmitter from 'node:events'; setTimeout(() => new EventEmitter().emit('error', new Error('BOOM')), 150)",
      "a microtask": "setTimeout(() => queueMicrotask(() => { throw new Error('BOOM') }), 150)",
    }),
  )("of %s show below the cell that caused them, while another runs", async (name, code) => {
    const guilty = kernel.sendExecute(`${code.replace("BOOM", name)};`);
    await kernel.waitForExecution(guilty);
    const innocent = await kernel.execute("await sleep(400); 'unharmed'");
    expect(innocent).toMatchObject({ text: "'unharmed'", stderr: "" });
    const reported = kernel.publicationsOf(guilty, "stream").map(({ content }) => content.text);
    expect(reported.join("")).toContain(`Error: ${name}`);
    expect(reported.join("")).toMatch(/> 1 \|/);
  });
});

describe("what asynchronous code leaves behind", () => {
  it("is shown without the kernel's notes on it", async () => {
    expect((await kernel.execute("Promise.resolve(5)")).text).toBe("Promise { 5 }");
    expect((await kernel.execute("[{ p: (async () => 1)() }]")).text).toBe("[ { p: Promise { 1 } } ]");
    const { stdout } = await kernel.execute(
      "class Own extends Promise<number> {}; const own = new Own(() => {}); console.log(own, new Map([[1, own]]))",
    );
    expect(stdout).toBe("Own [Promise] { <pending> } Map(1) { 1 => Own [Promise] { <pending> } }\n");
  });

  it("still finds its cell when it has been shown", async () => {
    const { stdout } = await kernel.execute(
      "const shown = sleep(20).then(() => console.log('later')); console.log(shown); await shown",
    );
    expect(stdout).toBe("Promise { <pending> }\nlater\n");
  });

  it.each([
    "setTimeout(() => {}, 1)",
    "setImmediate(() => {})",
    "await (await import('node:fs/promises')).open('/')",
  ])("such as %s", async (code) => {
    const { text } = await kernel.execute(code);
    expect(text).toMatch(/^(Timeout|Immediate|FileHandle) \{/);
    expect(text).not.toMatch(/parentHeader|Cell|executionCount/);
    if (!text?.startsWith("FileHandle")) expect(text).not.toContain("kResourceStore");
  });
});
