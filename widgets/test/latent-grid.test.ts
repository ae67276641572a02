import { beforeAll, describe, expect, test } from "vitest";
import { LatentGrid, type LatentGridOptions, WidgetError } from "../src/index.js";
import { moveCursor } from "../src/latent-grid/cursor.js";
import { Latents } from "../src/latent-grid/latents.js";
import { decode, encode, samplePictures } from "./samples.js";

let options: Required<Pick<LatentGridOptions, "pictures" | "latents" | "decoded" | "sigma">>;

beforeAll(async () => {
  const pictures = samplePictures(6);
  const latents = encode(pictures);
  options = { pictures, latents, decoded: await decode(latents), sigma: latents };
});

function codeOf(make: () => unknown): { code: string; message: string } {
  try {
    make();
  } catch (error) {
    if (error instanceof WidgetError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

test("carries the kernel's brand without importing the kernel", () => {
  const grid = new LatentGrid(options) as unknown as Record<symbol, unknown>;
  expect(grid[Symbol.for("latentlab.widget")]).toBe(true);
});

test("without a build the missing view names the command that makes it", () => {
  // The sources have no bundle beside them.
  const { code, message } = codeOf(() => new LatentGrid(options).esm);
  expect(code).toBe("ERR_VIEW_NOT_BUILT");
  expect(message).toContain("npm run build");
});

describe("shapes that do not fit are refused in a sentence", () => {
  test("the batch of latents and pictures", () => {
    const latents = encode(samplePictures(5));
    const { code, message } = codeOf(() => new LatentGrid({ ...options, latents }));
    expect(code).toBe("ERR_SHAPE_MISMATCH");
    expect(message).toBe("latents: expected one for each of the 6 pictures, got 5.");
  });

  test("data and shape", () => {
    const latents = { data: new Float32Array(10), shape: [6, 8, 8, 4] };
    expect(codeOf(() => new LatentGrid({ ...options, latents })).message).toContain(
      "holds 1536 values, but data has 10",
    );
  });

  test("rank, element type, channels, other shapes, emptiness", () => {
    const { data } = options.latents;
    const wrong: [Partial<LatentGridOptions>, string][] = [
      [{ latents: { data, shape: [6, 64, 4] } }, "ERR_SHAPE_MISMATCH"],
      [{ latents: { data: new Float64Array(data) as never, shape: [6, 8, 8, 4] } }, "ERR_WRONG_TYPE"],
      [{ pictures: { data: new Uint8Array(6 * 4), shape: [6, 2, 1, 2] } }, "ERR_SHAPE_MISMATCH"],
      [{ sigma: { data: data.slice(0, 768), shape: [3, 8, 8, 4] } }, "ERR_SHAPE_MISMATCH"],
      [{ decoded: samplePictures(6, 16) }, "ERR_SHAPE_MISMATCH"],
      [{ pictures: { data: new Uint8Array(), shape: [0, 32, 32, 3] } }, "ERR_EMPTY"],
      [{ pictures: undefined as never }, "ERR_WRONG_TYPE"],
      [{ rowsPerPage: 0 }, "ERR_OUT_OF_RANGE"],
    ];
    for (const [change, code] of wrong)
      expect(codeOf(() => new LatentGrid({ ...options, ...change })).code).toBe(code);
  });
});

describe("the set's numbers", () => {
  const shape = [2, 1, 2, 2] as const;
  //                                   picture 0         picture 1
  const latents = new Latents(Float32Array.of(1, -4, 2, 5, 3, Number.NaN, -2.4, 7), shape);

  test("value, extent, range and quantile", () => {
    expect(latents.at({ picture: 1, channel: 1, row: 0, column: 1 })).toBe(7);
    expect(latents.extent(0)[1]).toBe(3);
    expect(latents.extent(0)[0]).toBeCloseTo(-2.4);
    expect(latents.extent(null)).toEqual([-4, 7]);
    expect(latents.range(0)).toBe(3);
    expect(latents.range(null)).toBe(8);
    expect(latents.quantile(0, 2)).toBe(0.5);
    expect(latents.quantile(1, 7)).toBeCloseTo(2 / 3);
  });
});

describe("the cursor", () => {
  const shape = [3, 4, 5, 2] as const;
  const cell = { picture: 1, channel: 0, row: 2, column: 3 };

  test("steps within a map and crosses to the next channel and picture", () => {
    expect(moveCursor(cell, "ArrowRight", shape)).toEqual({ ...cell, column: 4 });
    expect(moveCursor({ ...cell, column: 4 }, "ArrowRight", shape)).toEqual({
      ...cell,
      channel: 1,
      column: 0,
    });
    expect(moveCursor({ ...cell, row: 0 }, "ArrowUp", shape)).toEqual({ ...cell, picture: 0, row: 3 });
    expect(moveCursor(cell, "Home", shape)).toEqual({ ...cell, column: 0 });
    expect(moveCursor(cell, "End", shape)).toEqual({ ...cell, column: 4 });
    expect(moveCursor(cell, "PageDown", shape)).toEqual({ ...cell, channel: 1 });
  });

  test("stays at the edges of the set, and leaves other keys alone", () => {
    const last = { picture: 2, channel: 1, row: 3, column: 4 };
    expect(moveCursor(last, "ArrowRight", shape)).toEqual(last);
    expect(moveCursor(last, "ArrowDown", shape)).toEqual(last);
    expect(moveCursor(last, "PageDown", shape)).toEqual(last);
    expect(moveCursor(cell, "a", shape)).toBeNull();
  });
});
