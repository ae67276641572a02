import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { LatentGrid } from "../../dist/index.js";
import { type ShownWidget, useBrowser } from "../browser.js";
import { decode, encode, samplePictures } from "../samples.js";

const pictures = samplePictures(10);
const latents = encode(pictures);
const sigma = { data: latents.data.map((value) => 0.1 + Math.abs(value) / 10), shape: latents.shape };
const show = useBrowser();
let shown: ShownWidget;

async function showGrid(options = {}) {
  const grid = new LatentGrid({ pictures, latents, sigma, decoded: await decode(latents) });
  shown = await show(grid, options);
  return { grid, page: shown.page };
}

function valueAt(picture: number, channel: number, row: number, column: number): string {
  const value = latents.data[((picture * 8 + row) * 8 + column) * 4 + channel] ?? Number.NaN;
  return `z = ${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** The map of a page's row and channel; a page's maps come row by row. */
function mapOf(page: Page, row: number, channel: number) {
  return page.locator(".lv-grid-map").nth(4 * row + channel);
}

async function hoverCell(page: Page, row: number, channel: number, cellRow: number, cellColumn: number) {
  const box = await mapOf(page, row, channel).boundingBox();
  if (!box) throw new Error("The map is not shown.");
  await page.mouse.move(
    box.x + ((cellColumn + 0.5) / 8) * box.width,
    box.y + ((cellRow + 0.5) / 8) * box.height,
  );
}

const number = (page: Page) => page.locator(".lv-number").textContent();
const fact = (page: Page, key: string) => page.locator(`[data-fact=${key}]`).textContent();

test("the read-out is the latent's value under the pointer, and where it is", async () => {
  const { page } = await showGrid();
  expect(await number(page)).toBe("z = –");
  for (const [row, channel, cellRow, cellColumn] of [
    [1, 2, 3, 5],
    [0, 0, 0, 0],
    [3, 3, 7, 7],
  ] as const) {
    await hoverCell(page, row, channel, cellRow, cellColumn);
    await expect.poll(() => number(page)).toBe(valueAt(row, channel, cellRow, cellColumn));
    expect(await fact(page, "where")).toBe(`${row} · ${channel}`);
    expect(await fact(page, "position")).toBe(`${cellRow}, ${cellColumn}`);
    expect(await fact(page, "pixels")).toBe(
      `x ${4 * cellColumn}–${4 * cellColumn + 3}, y ${4 * cellRow}–${4 * cellRow + 3}`,
    );
  }
  expect(await fact(page, "sigma")).toBe((sigma.data[((3 * 8 + 7) * 8 + 7) * 4 + 3] ?? 0).toPrecision(2));
  expect(await page.locator(".lv-ring:visible").count()).toBe(6);
  expect(await page.locator(".lv-ring.lv-thin:visible").count()).toBe(3);
});

test("maps have the colours of the signed map, pictures their own pixels", async () => {
  const { page } = await showGrid();
  const pixel = (selector: string, index: number, x: number, y: number) =>
    page
      .locator(selector)
      .nth(index)
      .evaluate(
        (canvas, [column, row]) => [
          ...((canvas as HTMLCanvasElement).getContext("2d")?.getImageData(column, row, 1, 1).data ?? []),
        ],
        [x, y] as const,
      );
  const value = latents.data[((8 + 2) * 8 + 3) * 4 + 1] ?? 0;
  const [red = 0, , blue = 0] = await pixel(".lv-grid-map canvas", 4 + 1, 3, 2);
  expect(Math.sign(red - blue)).toBe(Math.sign(value));
  const start = 3 * (32 * 10 + 20);
  // The first two canvases of a line that are no maps are the picture and its decoded picture.
  expect(await pixel(".lv-grid-tile > .lv-frame:not(.lv-grid-map) canvas", 0, 20, 10)).toEqual([
    ...pictures.data.slice(start, start + 3),
    255,
  ]);
});

test("a click pins the cell for the program too, and Escape lets it go", async () => {
  const { grid, page } = await showGrid();
  await hoverCell(page, 2, 1, 4, 6);
  await page.mouse.down();
  await page.mouse.up();
  await page.mouse.move(5, 790);
  await expect.poll(() => grid.pin).toEqual({ picture: 2, channel: 1, row: 4, column: 6 });
  await expect.poll(() => number(page)).toBe(valueAt(2, 1, 4, 6));
  await mapOf(page, 2, 1).press("Escape");
  await expect.poll(() => grid.pin).toBeNull();
  await expect.poll(() => number(page)).toBe("z = –");
});

test("the keyboard walks over maps and pages, and the notebook sees none of its keys", async () => {
  const { grid, page } = await showGrid();
  await page.evaluate(() =>
    document.body.addEventListener("keydown", (event) => console.error(`leaked ${event.key}`)),
  );
  await page.keyboard.press("Tab");
  while (!(await page.evaluate(() => document.activeElement?.classList.contains("lv-grid-map"))))
    await page.keyboard.press("Tab");
  shown.problems.length = 0; // Tab is the notebook's own key.
  expect(await number(page)).toBe(valueAt(0, 0, 0, 0));
  for (let step = 0; step < 9; step++) await page.keyboard.press("ArrowRight");
  expect(await number(page)).toBe(valueAt(0, 1, 0, 1));
  await page.keyboard.press("PageDown");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect.poll(() => grid.pin).toEqual({ picture: 0, channel: 2, row: 0, column: 7 });
  for (let step = 0; step < 32; step++) await page.keyboard.press("ArrowDown");
  await expect.poll(() => number(page)).toBe(valueAt(4, 2, 0, 7));
  await expect.poll(() => grid.state.get().offset).toBe(4);
  const label = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await expect.poll(label).toBe("latent of picture 4, channel 2, 8 by 8");
  const active = await page.evaluate(() => {
    const id = document.activeElement?.getAttribute("aria-activedescendant") ?? "";
    return document.getElementById(id)?.getAttribute("aria-label");
  });
  expect(active).toBe(valueAt(4, 2, 0, 7).replace("= ", ""));
});

test("the pager turns pages and the range control changes the legend, in every view of the model", async () => {
  const { grid, page } = await showGrid();
  const second = await shown.addView();
  await page.locator("#view-0").getByRole("button", { name: "next pictures" }).click();
  await expect.poll(() => page.locator(`${second} .lv-grid-index`).first().textContent()).toBe("4");
  await page.locator("#view-0").getByRole("button", { name: "next pictures" }).click();
  await expect.poll(() => grid.state.get().offset).toBe(6);
  await page.locator(second).getByRole("radio", { name: "per channel" }).click();
  await expect.poll(() => grid.state.get().range).toBe("channel");
  await expect
    .poll(() => page.locator("#view-0 .lv-bar .lv-label").textContent())
    .toBe("latent value z, channel 0");
  await shown.removeView(second);
  await shown.removeView("#view-0");
  expect(await page.locator(".lv").count()).toBe(0);
  expect(await page.evaluate(() => document.body.dataset.listeners)).toBe("0");
});

test("JupyterLab's theme wins over the system's, and a change of theme redraws", async () => {
  const { page } = await showGrid({ dark: true, jupyterTheme: "light" });
  const ink = () =>
    page.locator(".lv").evaluate((root) => getComputedStyle(root).getPropertyValue("--lv-ink-solid").trim());
  const corner = () =>
    page
      .locator(".lv-bar canvas")
      .evaluate((canvas) => [
        ...((canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, 1, 1).data ?? []),
      ]);
  expect(await ink()).toBe("#222222");
  expect(await corner()).toEqual([0x0e, 0x3d, 0x70, 255]);
  await page.evaluate(() => document.body.setAttribute("data-jp-theme-light", "false"));
  await expect.poll(corner).toEqual([0xb3, 0xd9, 0xfe, 255]);
  expect(await ink()).toBe("#e4e4e4");
});

test("a dark theme is drawn from the start, though a view is drawn before it is in the page", async () => {
  const { page } = await showGrid({ jupyterTheme: "dark" });
  const corner = () =>
    page
      .locator(".lv-bar canvas")
      .evaluate((canvas) => [
        ...((canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, 1, 1).data ?? []),
      ]);
  await expect.poll(corner).toEqual([0xb3, 0xd9, 0xfe, 255]);
});

test.each([
  320, 480, 960, 1400,
])("at %d px nothing scrolls sideways and pixels have whole sizes", async (widthPx) => {
  const { page } = await showGrid({ widthPx });
  await hoverCell(page, 0, 0, 0, 0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  const width = await page
    .locator(".lv-grid-map canvas")
    .first()
    .evaluate((canvas) => canvas.getBoundingClientRect().width);
  expect(width % 8).toBe(0);
});
