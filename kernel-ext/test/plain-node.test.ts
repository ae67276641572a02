import { expect, it, vi } from "vitest";
import { Comm, cell, clearOutput, comms, display, html, input, sleep } from "../src/index.js";

it("prints what it would display", async () => {
  const print = vi.spyOn(console, "log").mockImplementation(() => {});
  const handle = display({ answer: 42 });
  await handle.shown;
  await handle.update(html("<b>bold</b>", "bold"));
  clearOutput();
  expect(print.mock.calls).toEqual([["{ answer: 42 }"], ["bold"]]);
  print.mockRestore();
});

it("never aborts, and sleeps for the time asked", async () => {
  const startMs = performance.now();
  await sleep(50);
  expect(performance.now() - startMs).toBeGreaterThan(45);
  expect(cell.signal.aborted).toBe(false);
});

it("has nobody to ask and no page to talk to", async () => {
  await expect(input("name?")).rejects.toMatchObject({ code: "ERR_KERNEL_ABSENT" });
  expect(() => new Comm("page")).toThrow(expect.objectContaining({ code: "ERR_KERNEL_ABSENT" }));
  expect(() => comms.registerTarget("page", () => {})).not.toThrow();
});
