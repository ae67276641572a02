import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { ChannelHistogram } from "../../dist/index.js";
import { type ShownWidget, useBrowser } from "../browser.js";
import { encode, samplePictures, statisticsOf } from "../samples.js";

const latents = encode(samplePictures(30));
const encoders = [
  { name: "large KL weight", statistics: statisticsOf(latents) },
  { name: "small KL weight", statistics: statisticsOf(latents, 3) },
];
const show = useBrowser();
let shown: ShownWidget;

async function showHistogram(options = {}) {
  const histogram = new ChannelHistogram({ encoders });
  shown = await show(histogram, options);
  const { page } = shown;
  await expect.poll(() => page.locator(".lv-histogram").getAttribute("data-drawn")).toBe("0 raw");
  return { histogram, page };
}

const facts = (page: Page, key: string) => page.locator(`[data-fact=${key}]`).allTextContents();

test("every channel is drawn by Vega as areas, outline and the normal's curve, with its numbers", async () => {
  const { page } = await showHistogram();
  expect(await page.locator(".lv-histogram-plot svg.marks").count()).toBe(4);
  const paths = page.locator(".lv-histogram-plot").first().locator("g.mark-area path, g.mark-line path");
  // Two shades below, within and above one; outline; N(0, 1).
  expect(await paths.count()).toBe(5);
  expect(await page.locator(".lv-histogram-plot text", { hasText: "N(0, 1)" }).count()).toBe(1);
  const channels = encoders[0]?.statistics.channels ?? [];
  expect(await facts(page, "std")).toEqual(channels.map(({ std }) => std.toFixed(2)));
  expect(await facts(page, "outside")).toEqual(
    channels.map(({ outside }) => `${(100 * outside).toFixed(1)} %`),
  );
  expect(await facts(page, "factor")).toEqual(channels.map(({ std }) => (1 / std).toFixed(3)));
});

test("areas end at ±1 and stand on the axis", async () => {
  const { page } = await showHistogram();
  const boxes = await page
    .locator(".lv-histogram-plot")
    .first()
    .evaluate((plot) => {
      const frame = plot.getBoundingClientRect();
      return [...plot.querySelectorAll("g.mark-area path")].map((path) => {
        const box = path.getBoundingClientRect();
        return [
          (box.left - frame.left) / frame.width,
          (box.right - frame.left) / frame.width,
          box.bottom - frame.top,
        ];
      });
    });
  const inside = boxes.find(([left = 0]) => Math.abs(left - 3 / 8) < 0.01);
  expect(inside?.[1]).toBeCloseTo(5 / 8, 1);
  for (const [, , bottom = 0] of boxes) expect(Math.abs(bottom - 104)).toBeLessThan(2);
});

test("encoder and scale are chosen in the view and known to the kernel", async () => {
  const { histogram, page } = await showHistogram();
  await page.getByLabel("encoder").selectOption({ label: "small KL weight" });
  await expect.poll(() => page.locator(".lv-histogram").getAttribute("data-drawn")).toBe("1 raw");
  const wide = encoders[1]?.statistics.channels ?? [];
  expect(await facts(page, "std")).toEqual(wide.map(({ std }) => std.toFixed(2)));
  await page.getByRole("radio", { name: "per channel" }).click();
  await expect.poll(() => page.locator(".lv-histogram").getAttribute("data-drawn")).toBe("1 channel");
  expect(await facts(page, "std")).toEqual(["1.00", "1.00", "1.00", "1.00"]);
  expect(histogram.state.get()).toMatchObject({ encoder: 1, scale: "channel" });
});

test("a range is brushed by dragging or typed, and cleared", async () => {
  const { histogram, page } = await showHistogram();
  const box = await page.locator(".lv-histogram-plot").nth(1).boundingBox();
  if (!box) throw new Error("The plot is not shown.");
  // The axis reaches from -4 to 4: a quarter of the width is -2, half is 0.
  await page.mouse.move(box.x + box.width / 4, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => histogram.state.get().brush?.map((end) => Math.round(end) + 0)).toEqual([-2, 0]);
  const channel = encoders[0]?.statistics.channels[1];
  const counts = [...Array.from(channel?.counts ?? [])];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = counts.slice(120, 160).reduce((sum, count) => sum + count, 0) / total;
  const shownShare = Number.parseFloat((await facts(page, "brush"))[1] ?? "");
  expect(Math.abs(shownShare - 100 * share)).toBeLessThan(1.5);
  await page.getByLabel("range from").fill("-1");
  await page.getByLabel("range to").fill("1");
  await page.getByLabel("range to").press("Enter");
  await expect.poll(() => histogram.state.get().brush).toEqual([-1, 1]);
  expect(await page.locator(".lv-histogram-names [data-name=brush]").textContent()).toBe(
    "in range (N 68.3 %)",
  );
  await page.getByRole("button", { name: "Clear" }).click();
  await expect.poll(() => histogram.state.get().brush).toBeNull();
  expect(await facts(page, "brush")).toEqual(["–", "–", "–", "–"]);
});

test.each([480, 960])("at %d px the charts fill their panels, in the theme's colours", async (widthPx) => {
  const { page } = await showHistogram({ widthPx, dark: true });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  const [panel, chart, stroke] = await page
    .locator(".lv-histogram-panel")
    .first()
    .evaluate((element) => {
      const lines = element.querySelectorAll("g.mark-line path");
      return [
        element.clientWidth,
        element.querySelector("svg")?.clientWidth ?? 0,
        lines[lines.length - 1]?.getAttribute("stroke"),
      ];
    });
  expect(Math.abs(Number(panel) - Number(chart))).toBeLessThanOrEqual(2);
  expect(stroke).toBe("#e4e4e4");
});

test("the view goes without a trace", async () => {
  const { page } = await showHistogram();
  await shown.removeView("#view-0");
  expect(await page.locator(".lv").count()).toBe(0);
  expect(await page.evaluate(() => document.body.dataset.listeners)).toBe("0");
});
