import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChannelHistogram, LatentGrid, PerturbationSlider, TrainingMonitor } from "../src/index.js";
import { launchBrowser } from "./browser.js";
import { decode, encode, samplePictures, statisticsOf } from "./samples.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** Parses a static rendering as XML and returns its texts; fails where it is not well-formed or draws nothing. */
async function readSvg(svg: string): Promise<{ texts: string[]; images: number; colours: string[] }> {
  const page = await browser.newPage({ colorScheme: "dark" });
  const result = await page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
    const error = parsed.querySelector("parsererror")?.textContent ?? null;
    document.body.innerHTML = source;
    const box = document.querySelector("svg")?.getBoundingClientRect();
    const outside = [...document.querySelectorAll("svg text, svg image")].filter((element) => {
      if (element.getClientRects().length === 0) return false;
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return box && (left < box.left || right > box.right + 1 || top < box.top || bottom > box.bottom);
    });
    return {
      error,
      outside: outside.map((element) => element.textContent),
      texts: [...parsed.querySelectorAll("text")].map((element) => element.textContent ?? ""),
      images: [...document.querySelectorAll("image")].filter((image) => image.getClientRects().length > 0)
        .length,
      colours: [...document.querySelectorAll("svg text")].map((element) => getComputedStyle(element).fill),
    };
  }, svg);
  await page.close();
  expect(result.error).toBeNull();
  expect(result.outside).toEqual([]);
  return result;
}

test("LatentGrid shows the page's pictures and channels in either colour scheme, crisp and small", async () => {
  const pictures = samplePictures(12);
  const latents = encode(pictures);
  const grid = new LatentGrid({
    pictures,
    latents,
    decoded: await decode(latents),
    title: "Grid <&> \u0001 “quoted”",
  });
  const bundle = await grid.toMimeBundle();
  const svg = bundle["image/svg+xml"] as string;
  expect(svg.length).toBeLessThan(150_000);
  const { texts, images, colours } = await readSvg(svg);
  expect(texts).toContain("channel 3");
  // Four rows of picture, four channels and decoded picture, and the legend; the other theme's are not drawn.
  expect(images).toBe(4 * 6 + 1);
  expect(colours).toContain("rgb(228, 228, 228)");
  expect(bundle["text/plain"]).toMatch(/latents of 12 pictures, 8 × 8 × 4\nchannel 0: −/);
});

test("many channels wrap, and pictures too large for a notebook reduce the rows", async () => {
  const channels = 16;
  const data = Float32Array.from({ length: 4 * 64 * channels }, (_, index) => Math.sin(index));
  const pictures = samplePictures(4, 128);
  const grid = new LatentGrid({ pictures, latents: { data, shape: [4, 8, 8, channels] } });
  const svg = (await grid.toMimeBundle())["image/svg+xml"] as string;
  expect(svg.length).toBeLessThan(150_000);
  const { texts } = await readSvg(svg);
  expect(texts).toContain("channel 15");
});

test("ChannelHistogram lists the numbers of every encoder", async () => {
  const latents = encode(samplePictures(20));
  const encoders = [
    { name: "small KL weight", statistics: statisticsOf(latents, 3) },
    { name: "large KL weight", statistics: statisticsOf(latents) },
  ];
  const histogram = new ChannelHistogram({ encoders });
  const bundle = await histogram.toMimeBundle();
  const { texts } = await readSvg(bundle["image/svg+xml"] as string);
  const [first] = encoders[0]?.statistics.channels ?? [];
  expect(texts).toContain((first?.scaleFactor ?? 0).toFixed(3));
  expect(texts).toContain(`${(100 * (first?.outside ?? 0)).toFixed(1)} %`);
  expect(texts.filter((text) => text === "N(0, 1)")).toHaveLength(1);
  expect(bundle["text/plain"]).toContain("large KL weight: one factor 1/std = ");
});

test("PerturbationSlider shows what was decoded, with its PSNR", async () => {
  const pictures = samplePictures(2);
  const slider = new PerturbationSlider({ pictures, latents: encode(pictures), decode });
  const bundle = await slider.toMimeBundle();
  const { texts, images } = await readSvg(bundle["image/svg+xml"] as string);
  const decibels = `${slider.state.get().answer?.psnr?.toFixed(1)} dB`;
  expect(texts).toContain(decibels);
  expect(images).toBe(3 + 4);
  expect(bundle["text/plain"]).toContain(`noise σ = 0.70 std: PSNR ${decibels}`);
});

test("a PNG of twice the size stands beside the SVG, for hosts that show no SVG", async () => {
  const pictures = samplePictures(4);
  const grid = new LatentGrid({ pictures, latents: encode(pictures) });
  const bundle = await grid.toMimeBundle();
  const [, width, height] =
    /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(bundle["image/svg+xml"] as string) ?? [];
  const png = sharp(Buffer.from(bundle["image/png"] as string, "base64"));
  const metadata = await png.metadata();
  expect([metadata.width, metadata.height]).toEqual([2 * Number(width), 2 * Number(height)]);
  // Pictures, maps and text: more than a few plain areas.
  expect((await png.stats()).entropy).toBeGreaterThan(1);
});

test("TrainingMonitor shows the run as it ended", async () => {
  const monitor = new TrainingMonitor({ steps: 300 });
  const waiting = await monitor.toMimeBundle();
  expect((await readSvg(waiting["image/svg+xml"] as string)).texts).toContain("waiting for the first step");
  for (let step = 1; step <= 300; step++)
    monitor.push({ step, reconstruction: 50 / step, kl: 3, elapsedMs: 50 * step } as never);
  monitor.finish();
  const bundle = await monitor.toMimeBundle();
  const { texts } = await readSvg(bundle["image/svg+xml"] as string);
  expect(texts).toEqual(expect.arrayContaining(["finished", "300 of 300", "0:15", "kl", "3.00"]));
  expect(bundle["text/plain"]).toMatch(/finished, step 300 of 300, reconstruction 0\.17/);
});
