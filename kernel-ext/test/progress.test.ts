import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Bar, formatDuration, formatRate } from "../src/progress/bar.js";
import { BarStack } from "../src/progress/board.js";
import { drawAsLine, drawBars } from "../src/progress/draw.js";

/** A bar of ten items, of which three have come in 600 ms. */
function threeOfTen(label = "train"): Bar {
  const bar = new Bar({ label, total: 10, unit: "steps" }, 0);
  for (const ms of [200, 400, 600]) bar.tick(ms);
  return bar;
}

describe("a bar", () => {
  it("says how far it is, how fast it goes and how long it will take", () => {
    expect(threeOfTen().describe(600)).toBe("3 of 10 steps · 5 /s · 1.4 s left");
  });

  it("forgets a slow start", () => {
    const bar = new Bar({ label: "", total: 200, unit: "" }, 0);
    bar.tick(10_000);
    for (let index = 1; index < 100; index++) bar.tick(10_000 + 10 * index);
    expect(bar.describe(11_000)).toMatch(/^100 of 200 · \d+(\.\d+)? \/s · 1\.\d s left$/);
  });

  it("says how long it took once it has ended", () => {
    const bar = threeOfTen();
    bar.end("stopped", 600);
    expect(bar.describe(99_000)).toBe("3 of 10 steps · 5 /s · in 0.6 s");
    expect(drawAsLine(bar)).toContain("· stopped");
  });

  it("counts where nobody knows the total, and is full where there is nothing to do", () => {
    const unknown = new Bar({ label: "", total: undefined, unit: "files" }, 0);
    unknown.tick(2000);
    expect(unknown.describe(2000)).toBe("1 files · 2.0 s each · 2.0 s");
    expect(unknown.share).toBeUndefined();
    expect(new Bar({ label: "", total: 0, unit: "" }, 0).share).toBe(1);
  });

  it.each([
    [400, "0.4 s"],
    [12_400, "12 s"],
    [59_700, "1 min"],
    [185_000, "3 min 5 s"],
    [7_800_000, "2 h 10 min"],
  ])("writes %i ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [0.5, "2000 /s"],
    [81.3, "12.3 /s"],
    [2500, "2.5 s each"],
  ])("writes %f ms an item as %s", (ms, text) => expect(formatRate(ms)).toBe(text));
});

describe("a picture of bars", () => {
  it("is text with the inner bar indented", () => {
    const { "text/plain": text } = drawBars([threeOfTen("outer"), threeOfTen("inner")]);
    const [outer, inner] = String(text).split("\n");
    expect(outer).toMatch(/^outer ██████░{14} 30 % 3 of 10 steps/);
    expect(inner).toMatch(/^ {2}inner/);
  });

  it("is HTML in which a label is text", () => {
    const { "text/html": html } = drawBars([threeOfTen("<img src=x onerror=alert(1)>")]);
    expect(html).not.toContain("<img");
    expect(html).toContain('value="0.3000"');
  });
});

describe("a stack of bars", () => {
  it("draws at most ten times a second, and the end in any case", async () => {
    const drawn: [number, boolean][] = [];
    const stack = new BarStack({ draw: (bars, isLast) => drawn.push([bars.length, isLast]) });
    const outer = new Bar({ label: "", total: 1000, unit: "" });
    stack.add(outer);
    for (let index = 0; index < 1000; index++) {
      outer.tick();
      stack.changed();
    }
    expect(drawn).toEqual([[1, false]]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(drawn).toHaveLength(2);
    outer.end("done");
    stack.ended();
    expect(drawn.at(-1)).toEqual([1, true]);
  });

  it("puts the next inner bar in the place of the last, and leaves the outer one in the end", () => {
    let last: readonly Bar[] = [];
    const stack = new BarStack({
      draw: (bars) => {
        last = [...bars];
      },
    });
    const [outer, first, second] = ["outer", "first", "second"].map(
      (label) => new Bar({ label, total: 2, unit: "" }, 0),
    ) as [Bar, Bar, Bar];
    stack.add(outer);
    stack.add(first);
    first.end("done", 10);
    stack.ended();
    stack.add(second);
    second.end("done", 20);
    outer.end("done", 30);
    stack.ended();
    expect(last.map(({ options }) => options.label)).toEqual(["outer"]);
  });
});

it("in plain Node, progress prints lines to standard error and passes the items on", () => {
  const entry = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const script = `
    import { progress } from ${JSON.stringify(entry)};
    const seen = [];
    for await (const item of progress(["a", "b"], { label: "letters" })) seen.push(item);
    for await (const index of progress(3)) { if (index === 1) break; }
    console.log(seen.join());`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "a,b\n" });
  expect(stderr).toMatch(/^letters █{20} 100 % 2 of 2 .*\n.*1 of 3 .*stopped\n$/);
});
