import sharp from "sharp";
import { expect, it } from "vitest";
import { contactSheet } from "../../src/data/contact-sheet.js";

const grey = (...values: number[]) =>
  Uint8Array.from(values.flatMap((value) => new Array(4 * 3).fill(value)));

it("lays pictures out row by row, enlarges them, and leaves the rest white", async () => {
  const png = await contactSheet({ data: grey(10, 20, 30), shape: [3, 2, 2, 3] }, { columns: 2, scale: 3 });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([12, 12]);
  const at = (x: number, y: number) => data[(y * info.width + x) * info.channels];
  expect([at(0, 0), at(5, 5), at(6, 0), at(11, 5), at(0, 6), at(11, 11)]).toEqual([10, 10, 20, 20, 30, 255]);
});

it("is no wider than its pictures", async () => {
  const png = await contactSheet({ data: grey(1), shape: [1, 2, 2, 3] }, { columns: 8, scale: 1 });
  expect((await sharp(png).metadata()).width).toBe(2);
});

it("refuses a fraction of a column", async () => {
  const pictures = { data: grey(1), shape: [1, 2, 2, 3] as [number, number, number, number] };
  await expect(contactSheet(pictures, { columns: 1.5 })).rejects.toMatchObject({
    code: "ERR_OPTION_OUT_OF_RANGE",
  });
});
