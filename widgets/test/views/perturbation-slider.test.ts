import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { type Decode, PerturbationSlider } from "../../dist/index.js";
import { type ShownWidget, useBrowser } from "../browser.js";
import { decode, encode, samplePictures } from "../samples.js";

const pictures = samplePictures(4);
const latents = encode(pictures);
const show = useBrowser();
let shown: ShownWidget;

async function showSlider(decoder: Decode = decode, options = {}) {
  const slider = new PerturbationSlider({ pictures, latents, decode: decoder });
  await slider.ready();
  shown = await show(slider, options);
  const { page } = shown;
  await expect.poll(() => answerShown(page)).toBe(0);
  return { slider, page };
}

const answerShown = async (page: Page) =>
  Number(await page.locator(".lv").first().getAttribute("data-answer"));

/** Red, green and blue of all pixels of the decoded picture as it is on the page. */
function decodedPixels(page: Page): Promise<number[]> {
  return page.getByRole("img", { name: "decoded", exact: true }).evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return [...data].filter((_, index) => index % 4 !== 3);
  });
}

async function drag(page: Page, fromShare: number, toShare: number, steps = 12) {
  const box = await page.getByLabel("strength").boundingBox();
  if (!box) throw new Error("The slider is not shown.");
  await page.mouse.move(box.x + fromShare * box.width, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + toShare * box.width, box.y + box.height / 2, { steps });
}

test("dragging the slider changes the decoded picture to what the kernel decoded last", async () => {
  const { slider, page } = await showSlider();
  const before = await decodedPixels(page);
  const psnrBefore = slider.state.get().answer?.psnr ?? 0;
  await drag(page, 0.35, 0.9);
  await page.mouse.up();
  await expect.poll(() => slider.state.get().answer?.request.strength ?? 0).toBeGreaterThan(1.7);
  // The drag's last values may still be on their way: requests are at least 80 ms apart.
  await page.waitForTimeout(300);
  await expect.poll(() => slider.state.get().answer?.request.id).toBe(slider.state.get().request.id);
  const { answer, decoded } = slider.state.get();
  await expect.poll(() => answerShown(page)).toBe(answer?.request.id);
  const after = await decodedPixels(page);
  expect(after).toEqual([...(decoded ?? [])]);
  expect(after).not.toEqual(before);
  expect(answer?.psnr ?? 99).toBeLessThan(psnrBefore);
  expect(await page.locator(".lv-number").textContent()).toBe(`${answer?.psnr?.toFixed(1)} dB`);
  expect(await page.locator(".lv-slider-details").textContent()).toContain(
    `σ = ${answer?.request.strength.toFixed(2)} std`,
  );
});

test("with a slow decoder only the latest of a drag's values is decoded, and the slider stays where it is", async () => {
  const strengths = new Set<number>();
  const slow: Decode = async (input) => {
    strengths.add(slider.state.get().request.strength);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return decode(input);
  };
  const { slider, page } = await showSlider(slow);
  strengths.clear();
  const begunMs = performance.now();
  await drag(page, 0.35, 0.8, 60);
  // Without an answer for more than 200 ms the hairline says that it is at work.
  await expect.poll(() => page.getByRole("progressbar", { name: "decoding" }).isVisible()).toBe(true);
  await page.mouse.up();
  const wanted = (Number(await page.getByLabel("strength").inputValue()) / 200) * 2;
  await expect
    .poll(() => slider.state.get().answer?.request.strength, { timeout: 5000 })
    .toBeCloseTo(wanted, 5);
  await expect.poll(() => page.getByRole("progressbar", { name: "decoding" }).isVisible()).toBe(false);
  expect(strengths.size).toBeLessThanOrEqual((performance.now() - begunMs) / 150 + 2);
  expect(strengths.size).toBeLessThan(60);
  expect((Number(await page.getByLabel("strength").inputValue()) / 200) * 2).toBeCloseTo(wanted, 5);
});

test("picture, kind, channel and seed are chosen; before and after are compared", async () => {
  const { slider, page } = await showSlider();
  await page.getByLabel("picture").selectOption("2");
  await expect.poll(() => slider.state.get().answer?.request.picture).toBe(2);
  await page.getByRole("radio", { name: "channel shift" }).click();
  await page.getByLabel("channel", { exact: true }).selectOption("3");
  await expect
    .poll(() => slider.state.get().answer?.request)
    .toMatchObject({ kind: "shift", channel: 3, strength: 1.5 });
  await page.getByRole("radio", { name: "before" }).click();
  await expect.poll(() => decodedPixels(page)).toEqual([...(slider.state.get().clean ?? [])]);
  await expect
    .poll(() => page.locator(".lv-number").textContent())
    .toBe(`${slider.state.get().answer?.cleanPsnr?.toFixed(1)} dB`);
  await page.getByRole("radio", { name: "noise" }).click();
  await expect.poll(() => slider.state.get().answer?.request.kind).toBe("noise");
  const before = slider.state.get().decoded;
  await page.getByRole("button", { name: "Redraw noise" }).click();
  await expect.poll(() => slider.state.get().answer?.request.seed).toBe(8);
  expect(slider.state.get().decoded).not.toEqual(before);
});

test("the slider is worked by native keys, which the notebook does not see", async () => {
  const { slider, page } = await showSlider();
  await page.evaluate(() =>
    document.body.addEventListener("keydown", (event) => console.error(`leaked ${event.key}`)),
  );
  const strength = page.getByLabel("strength");
  await strength.focus();
  await strength.press("End");
  await expect.poll(() => slider.state.get().answer?.request.strength).toBe(2);
  await expect.poll(() => strength.getAttribute("aria-valuetext")).toBe("σ = 2.00 std");
  await page.getByLabel("picture", { exact: true }).press("ArrowDown");
  await page.getByRole("radio", { name: "before" }).press("a");
  await strength.press("ArrowLeft");
  await expect.poll(() => slider.state.get().answer?.request.strength).toBeCloseTo(1.99, 5);
});

test("an error of the decoder is told, the last picture stays, and the next drag recovers", async () => {
  let broken = false;
  const { slider, page } = await showSlider(async (input) => {
    if (broken) throw new Error("the model was disposed");
    return decode(input);
  });
  const before = await decodedPixels(page);
  broken = true;
  await page.getByLabel("strength").press("End");
  const alert = page.getByRole("alert");
  await expect.poll(() => alert.textContent()).toContain("The decoder failed. the model was disposed");
  expect(await decodedPixels(page)).toEqual(before);
  broken = false;
  await page.getByLabel("strength").press("Home");
  await expect.poll(() => slider.state.get().answer?.request.strength).toBe(0);
  await expect.poll(() => alert.count()).toBe(0);
});

test("without a kernel the picture stays, the slider returns, and the widget says so", async () => {
  const { page } = await showSlider();
  const before = await decodedPixels(page);
  const position = await page.getByLabel("strength").inputValue();
  shown.disconnect();
  await page.getByLabel("strength").press("End");
  const note = page.locator(".lv-note");
  await expect
    .poll(() => note.textContent(), { timeout: 6000 })
    .toMatch(/No answer from a kernel\. Values shown are those of/);
  expect(await page.getByLabel("strength").inputValue()).toBe(position);
  expect(await decodedPixels(page)).toEqual(before);
  await page.getByRole("radio", { name: "before" }).click();
  await expect.poll(() => decodedPixels(page)).not.toEqual(before);
});

test("two views of one slider show the same request and picture", async () => {
  const { slider, page } = await showSlider();
  const second = await shown.addView();
  await page.locator(second).getByRole("radio", { name: "clamp" }).click();
  await expect.poll(() => slider.state.get().answer?.request.kind).toBe("clamp");
  const checked = page.locator("#view-0").getByRole("radio", { name: "clamp" });
  await expect.poll(() => checked.getAttribute("aria-checked")).toBe("true");
  await page.locator("#view-0").getByLabel("strength").press("End");
  await expect.poll(() => slider.state.get().answer?.request.strength).toBe(0.25);
  await expect.poll(() => page.locator(second).getByLabel("strength").inputValue()).toBe("200");
  await shown.removeView(second);
  await shown.removeView("#view-0");
  expect(await page.evaluate(() => document.body.dataset.listeners)).toBe("0");
});

test.each([480, 960])("at %d px nothing scrolls sideways, and the curve fills in", async (widthPx) => {
  const { page } = await showSlider(decode, { widthPx });
  await expect
    .poll(() => page.locator(".lv-slider-curve text", { hasText: "PSNR along the slider" }).count())
    .toBe(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});
