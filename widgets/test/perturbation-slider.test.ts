import { describe, expect, test, vi } from "vitest";
import { type Decode, type FloatArray, PerturbationSlider } from "../src/index.js";
import { channelMoments, normalDraw, perturb } from "../src/perturbation-slider/perturb.js";
import { psnr } from "../src/perturbation-slider/pictures.js";
import { curvePoints, type PerturbationRequest } from "../src/perturbation-slider/state.js";
import { decode, encode, samplePictures } from "./samples.js";

const pictures = samplePictures(3);
const latents = encode(pictures);
const base: PerturbationRequest = { id: 1, picture: 0, kind: "noise", channel: 0, strength: 0.5, seed: 3 };

/** Asks as a view does. */
function ask(slider: PerturbationSlider, changes: Partial<PerturbationRequest>): PerturbationRequest {
  const { request } = slider.state.get();
  const next = { ...request, ...changes, id: request.id + 1 };
  slider.state.set({ request: next }, "view");
  return next;
}

async function answered(slider: PerturbationSlider, id: number): Promise<void> {
  await vi.waitFor(() => expect(slider.state.get().answer?.request.id).toBe(id), {
    timeout: 5000,
    interval: 5,
  });
}

describe("perturbations", () => {
  const shape = [3, 8, 8, 4] as const;
  const moments = channelMoments(latents.data, 4);
  const original = latents.data.slice(256, 512);

  test("noise lies on one line for a seed, in units of each channel's std", () => {
    const request = { ...base, picture: 1 };
    const half = perturb(latents.data, shape, moments, { ...request, strength: 0.5 });
    const full = perturb(latents.data, shape, moments, { ...request, strength: 1 });
    const draw = normalDraw(3, 256);
    for (const index of [0, 1, 77, 255]) {
      const step = (moments.std[index % 4] ?? 0) * (draw[index] ?? 0);
      expect(full[index]).toBeCloseTo((original[index] ?? 0) + step, 5);
      expect(half[index]).toBeCloseTo((original[index] ?? 0) + step / 2, 5);
    }
    expect(perturb(latents.data, shape, moments, { ...request, seed: 4 })).not.toEqual(half);
  });

  test("a shift moves one channel only", () => {
    const shifted = perturb(latents.data, shape, moments, {
      ...base,
      picture: 1,
      kind: "shift",
      channel: 2,
      strength: -1.5,
    });
    shifted.forEach((value, index) => {
      const step = index % 4 === 2 ? -1.5 * (moments.std[2] ?? 0) : 0;
      expect(value).toBeCloseTo((original[index] ?? 0) + step, 5);
    });
  });

  test("a clamp keeps values within the strength about the channel's mean", () => {
    const clamped = perturb(latents.data, shape, moments, {
      ...base,
      picture: 1,
      kind: "clamp",
      strength: 0.5,
    });
    clamped.forEach((value, index) => {
      const distance = Math.abs(value - (moments.mean[index % 4] ?? 0));
      expect(distance).toBeLessThanOrEqual(0.5 * (moments.std[index % 4] ?? 0) + 1e-6);
    });
    expect(clamped).not.toEqual(original);
  });

  test("draws are of N(0, 1)", () => {
    const draw = normalDraw(11, 20_000);
    const mean = draw.reduce((sum, value) => sum + value, 0) / draw.length;
    const variance = draw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draw.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  });

  test("PSNR of a constant difference is known", () => {
    expect(psnr(Uint8Array.of(10, 20), Uint8Array.of(0, 10))).toBeCloseTo(20 * Math.log10(25.5), 10);
    expect(psnr(Uint8Array.of(1), Uint8Array.of(1))).toBe(Number.POSITIVE_INFINITY);
  });
});

test("the first picture is decoded without being asked, and is the decoder's", async () => {
  const slider = new PerturbationSlider({ pictures, latents, decode });
  await slider.ready();
  const { answer, decoded, clean, latent, error } = slider.state.get();
  expect(error).toBeNull();
  const expected = await decode({ data: latent ?? new Float32Array(), shape: [1, 8, 8, 4] });
  expect(decoded).toEqual(expected.data);
  const cleanExpected = await decode({ data: latents.data.slice(0, 256), shape: [1, 8, 8, 4] });
  expect(clean).toEqual(cleanExpected.data);
  expect(answer?.psnr).toBeCloseTo(psnr(expected.data, pictures.data.slice(0, 3072)), 10);
  expect(answer?.psnr ?? 0).toBeLessThan(answer?.cleanPsnr ?? 0);
});

test("requests that come while one is decoded replace each other; one decode at a time", async () => {
  let running = 0;
  const strengths: number[] = [];
  const slow: Decode = async (input) => {
    expect(++running).toBe(1);
    strengths.push(slider.state.get().request.strength);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
    return decode(input);
  };
  const slider = new PerturbationSlider({ pictures, latents, decode: slow });
  await slider.ready();
  strengths.length = 0;
  let last = ask(slider, { strength: 0.1 });
  for (const strength of [0.2, 0.3, 0.4, 0.5]) last = ask(slider, { strength });
  expect(slider.state.get().acknowledged).toBe(last.id);
  await answered(slider, last.id);
  expect(slider.state.get().answer?.request.strength).toBe(0.5);
  expect(strengths).toEqual([0.1, 0.5]);
});

test("an error of decode is shown, the last picture stays, and the next request recovers", async () => {
  let broken = false;
  const failing: Decode = async (input) => {
    if (broken) throw new Error("out of memory");
    return decode(input);
  };
  const slider = new PerturbationSlider({ pictures, latents, decode: failing });
  await slider.ready();
  const before = slider.state.get().decoded;
  broken = true;
  const failed = ask(slider, { strength: 1 });
  await vi.waitFor(() => expect(slider.state.get().error?.requestId).toBe(failed.id));
  expect(slider.state.get().error?.message).toBe("out of memory");
  expect(slider.state.get().decoded).toBe(before);
  broken = false;
  const next = ask(slider, { strength: 1.5 });
  await answered(slider, next.id);
  expect(slider.state.get().error).toBeNull();
});

test("a decoder that returns another shape is named", async () => {
  const wrong: Decode = async () => samplePictures(1, 16);
  const slider = new PerturbationSlider({ pictures, latents, decode: wrong });
  await slider.ready();
  expect(slider.state.get().error?.message).toMatch(
    /expected pictures \[2, 32, 32, 3\], got \[1, 16, 16, 3\]/,
  );
  expect((await slider.toMimeBundle())["image/svg+xml"]).toContain("Not decoded");
});

test("a request that no view would send is refused", async () => {
  const slider = new PerturbationSlider({ pictures, latents, decode });
  await slider.ready();
  for (const changes of [
    { picture: 7 },
    { kind: "melt" as never },
    { strength: Number.NaN },
    { channel: -1 },
  ]) {
    const { id } = ask(slider, { picture: 0, kind: "noise", strength: 1, channel: 0, ...changes });
    await vi.waitFor(() => expect(slider.state.get().error?.requestId).toBe(id));
  }
});

test("the curve is computed in slices once the hand rests, and ends early for a new request", async () => {
  const sizes: number[] = [];
  const counting = async (input: FloatArray) => {
    sizes.push(input.shape[0] ?? 0);
    return decode(input);
  };
  const slider = new PerturbationSlider({ pictures, latents, decode: counting });
  await slider.ready();
  await vi.waitFor(() => expect(slider.state.get().curve).not.toBeNull(), { timeout: 5000 });
  const other = ask(slider, { kind: "shift", channel: 1, strength: 1.5 });
  await answered(slider, other.id);
  expect(slider.state.get().curve).toBeNull();
  const complete = () => slider.state.get().curve?.every((value) => !Number.isNaN(value));
  await vi.waitFor(() => expect(complete()).toBe(true), { timeout: 5000 });
  const { curve, answer } = slider.state.get();
  expect(curve).toHaveLength(curvePoints);
  // Strength +1.5 of -3 to +3 is three quarters along the slider.
  expect(curve?.[30]).toBeCloseTo(answer?.psnr ?? 0, 4);
  expect(curve?.[20]).toBeCloseTo(answer?.cleanPsnr ?? 0, 4);
  expect(Math.max(...sizes)).toBe(5);
});

test("a missing decoder is refused at once", () => {
  expect(() => new PerturbationSlider({ pictures, latents, decode: undefined as never })).toThrowError(
    /expected a function/,
  );
});
