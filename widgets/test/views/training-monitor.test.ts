import { expect, test } from "vitest";
import { TrainingMonitor, type TrainingMonitorOptions } from "../../dist/index.js";
import { type ShownWidget, useBrowser } from "../browser.js";

const show = useBrowser();
let shown: ShownWidget;

async function showMonitor(options: Partial<TrainingMonitorOptions> = {}, page = {}) {
  const monitor = new TrainingMonitor({ steps: 400, ...options });
  shown = await show(monitor, page);
  return { monitor, page: shown.page };
}

function push(monitor: TrainingMonitor, from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    const values = {
      reconstruction: 100 / step,
      kl: 5 + Math.sin(step),
      imagesPerSecond: 640,
      elapsedMs: 50 * step,
    };
    monitor.push({ step, ...values } as never);
  }
}

test("the chart, the bar and the numbers follow the run to its end", async () => {
  const { monitor, page } = await showMonitor();
  const status = page.getByRole("status");
  expect(await status.textContent()).toBe("waiting for the first step");
  push(monitor, 1, 100);
  await expect.poll(() => status.textContent()).toBe("running");
  await expect.poll(() => page.locator("[data-fact=step]").textContent()).toBe("100 of 400");
  expect(await page.getByRole("progressbar").evaluate((bar) => (bar as HTMLProgressElement).position)).toBe(
    0.25,
  );
  expect(await page.locator("[data-fact=throughput]").textContent()).toBe("20.0 steps/s");
  expect(await page.locator("[data-fact=images]").textContent()).toBe("640");
  expect(await page.locator("[data-fact=remaining]").textContent()).toBe("0:15");
  push(monitor, 101, 400);
  monitor.finish();
  await expect.poll(() => status.textContent()).toBe("finished");
  expect(await page.locator("[data-fact=elapsed]").textContent()).toBe("0:20");
  const latest = monitor.state.get().latest[0]?.toFixed(3);
  const label = await page.getByRole("img").getAttribute("aria-label");
  expect(label).toContain(`loss curves to step 400: reconstruction ${latest}`);
});

test("lines are the running means: they end where the numbers say", async () => {
  const { monitor, page } = await showMonitor();
  push(monitor, 1, 400);
  monitor.finish();
  await page.getByRole("radio", { name: "linear" }).click();
  await expect.poll(() => monitor.state.get().axis).toBe("linear");
  const chart = page.locator(".lv-monitor-chart");
  await expect.poll(() => chart.locator("text").allTextContents()).toContain("50.0".replace(".0", ""));
  const end = await chart.evaluate((svg) => {
    const tick = (value: string) =>
      [...svg.querySelectorAll("text")].find((text) => text.textContent === value);
    const yOf = (value: string) => Number(tick(value)?.getAttribute("y")) - 4;
    const line = [...svg.querySelectorAll("path[stroke-width='1.5']")][1];
    const lastY = Number(/ ([\d.]+)$/.exec(line?.getAttribute("d") ?? "")?.[1]);
    return 50 + ((yOf("50") - lastY) * 50) / (yOf("50") - yOf("100"));
  });
  expect(end).toBeCloseTo(monitor.state.get().latest[1] ?? 0, 0);
  expect(await chart.locator("path[stroke-dasharray]").count()).toBe(1);
});

test("the pointer and the arrow keys read values off the curves", async () => {
  const { monitor, page } = await showMonitor();
  push(monitor, 1, 400);
  monitor.finish();
  const chart = page.locator(".lv-monitor-chart");
  await expect.poll(() => chart.locator("circle").count()).toBe(2);
  await chart.focus();
  await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowLeft");
  const texts = () => chart.locator("text").allTextContents();
  // 400 less a tenth and a hundredth of the run.
  await expect.poll(async () => (await texts()).some((text) => /^35[5-7]$/.test(text))).toBe(true);
  expect((await texts()).some((text) => text.startsWith("reconstruction 0.2"))).toBe(true);
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await texts()).includes("reconstruction")).toBe(true);
});

test("a failure is told with its details, a loss that is not finite is named", async () => {
  const { monitor, page } = await showMonitor({ series: ["loss"] });
  monitor.push({ step: 1, loss: 2 } as never);
  monitor.push({ step: 2, loss: Number.NaN } as never);
  monitor.fail(new Error("the loss exploded"));
  await expect
    .poll(() => page.getByRole("alert").textContent())
    .toContain("Training failed. the loss exploded");
  expect(await page.getByRole("status").textContent()).toBe("failed; loss is not finite from step 2");
});

test("20,000 events reach the page as at most ten states a second", async () => {
  const { monitor, page } = await showMonitor({ steps: 20_000 });
  let states = 0;
  monitor.state.subscribe(() => states++);
  const begunMs = performance.now();
  for (let step = 1; step <= 20_000; step += 200) {
    push(monitor, step, step + 199);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  monitor.finish();
  await expect.poll(() => page.locator("[data-fact=step]").textContent()).toBe("20\u2009000 of 20\u2009000");
  expect(states).toBeLessThanOrEqual(Math.ceil((performance.now() - begunMs) / 100) + 2);
});

test.each([480, 960])("at %d px nothing scrolls sideways", async (widthPx) => {
  const { monitor, page } = await showMonitor({}, { widthPx, dark: true });
  push(monitor, 1, 390);
  monitor.finish();
  await expect.poll(() => page.getByRole("status").textContent()).toBe("finished");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await shown.removeView("#view-0");
  expect(await page.evaluate(() => document.body.dataset.listeners)).toBe("0");
});
