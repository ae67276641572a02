import { expect, test } from "vitest";
import { TrainingMonitor } from "../../dist/index.js";
import { useBrowser } from "../browser.js";

const show = useBrowser();

test("a page names itself to the kernel, and tells which update it has drawn", async () => {
  const monitor = new TrainingMonitor({ steps: 10 });
  const { page, sent, setInPage } = await show(monitor);
  await expect.poll(() => sent.length).toBe(1);
  expect(sent[0]).toEqual({ latentlab: "shown", page: expect.any(String), update: 0 });
  await setInPage({ status: "running", _latentlab_update: 7 });
  await expect.poll(() => sent.length).toBe(2);
  expect(await page.getByRole("status").textContent()).toBe("running");
  expect(sent[1]).toEqual({ ...(sent[0] as object), update: 7 });
});
