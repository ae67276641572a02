import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageFolder } from "../../src/index.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "latentlab-images-"));
});
afterEach(() => rm(folder, { recursive: true }));

type Rgb = [number, number, number];

/** A picture whose left and right halves have one colour each. */
function halves(width: number, height: number, left: Rgb, right: Rgb): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let index = 0; index < width * height; index++) {
    pixels.set(index % width < width / 2 ? left : right, index * 3);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const save = (name: string, bytes: Uint8Array | string) => writeFile(path.join(folder, name), bytes);
const red: Rgb = [255, 0, 0];
const blue: Rgb = [0, 0, 255];

/** The pixel of picture `index`, for pictures of `size`. */
function pixelOf(set: { pixels: Uint8Array }, size: number, index: number, y: number, x: number): number[] {
  const start = ((index * size + y) * size + x) * 3;
  return [...set.pixels.slice(start, start + 3)];
}

function expectColour(actual: number[], wanted: number[], tolerance = 6): void {
  for (const [channel, value] of wanted.entries()) {
    expect(
      Math.abs((actual[channel] ?? Number.NaN) - value),
      `${actual} is not ${wanted}`,
    ).toBeLessThanOrEqual(tolerance);
  }
}

describe("imageFolder", () => {
  it("loads JPEG, PNG and WebP from all folders in the order of their paths", async () => {
    await mkdir(path.join(folder, "inner"));
    await save("b.PNG", await halves(8, 8, blue, blue).png().toBuffer());
    await save("a.jpeg", await halves(16, 16, red, red).jpeg().toBuffer());
    await save("inner/c.webp", await halves(20, 10, red, red).webp().toBuffer());
    await save("notes.txt", "no picture");
    await save("._a.jpeg", "what macOS leaves behind");
    const set = await imageFolder(folder, { size: 8 });
    expect(set.files).toEqual(["a.jpeg", "b.PNG", "inner/c.webp"].map((name) => path.join(folder, name)));
    expect(set).toMatchObject({ count: 3, shape: [8, 8, 3] });
    expect(set.pixels.length).toBe(3 * 8 * 8 * 3);
    for (const [index, colour] of [red, blue, red].entries())
      expectColour(pixelOf(set, 8, index, 4, 4), colour);
  });

  it("crops to the centre before it scales", async () => {
    const stripes = Buffer.alloc(60 * 20 * 3);
    for (let index = 0; index < 60 * 20; index++) {
      stripes.set(index % 60 < 20 || index % 60 >= 40 ? red : blue, index * 3);
    }
    await save(
      "wide.png",
      await sharp(stripes, { raw: { width: 60, height: 20, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const set = await imageFolder(folder, { size: 4 });
    for (const x of [0, 3]) expectColour(pixelOf(set, 4, 0, 2, x), blue, 20);
  });

  it("turns pictures upright by their EXIF orientation", async () => {
    // Orientation 6: the camera was turned, the stored left side belongs on top.
    const bytes = await halves(32, 32, red, blue)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    await save("turned.jpg", bytes);
    const set = await imageFolder(folder, { size: 8 });
    for (const x of [0, 7]) {
      expectColour(pixelOf(set, 8, 0, 0, x), red, 20);
      expectColour(pixelOf(set, 8, 0, 7, x), blue, 20);
    }
  });

  it("converts grey, transparent, 16-bit and CMYK pictures to 8-bit RGB", async () => {
    const flat = (channels: 1 | 4, colour: number[]) => {
      const raw = Buffer.from(Array.from({ length: 64 }, () => colour).flat());
      return sharp(raw, { raw: { width: 8, height: 8, channels } });
    };
    await save("1-grey.png", await flat(1, [100]).toColourspace("b-w").png().toBuffer());
    await save("2-clear.png", await flat(4, [255, 0, 0, 0]).png().toBuffer());
    await save(
      "3-deep.png",
      await halves(8, 8, [10, 20, 200], [10, 20, 200]).toColourspace("rgb16").png().toBuffer(),
    );
    await save(
      "4-print.jpg",
      await halves(8, 8, [200, 40, 40], [200, 40, 40]).toColourspace("cmyk").jpeg().toBuffer(),
    );
    const metadata = await Promise.all(
      ["1-grey.png", "3-deep.png", "4-print.jpg"].map((name) => sharp(path.join(folder, name)).metadata()),
    );
    expect(metadata.map(({ space, depth }) => `${space} ${depth}`)).toEqual([
      "b-w uchar",
      "rgb16 ushort",
      "cmyk uchar",
    ]);
    const set = await imageFolder(folder, { size: 8 });
    expect(set.pixels.length).toBe(4 * 8 * 8 * 3);
    expectColour(pixelOf(set, 8, 0, 4, 4), [100, 100, 100]);
    expectColour(pixelOf(set, 8, 1, 4, 4), [255, 255, 255]);
    expectColour(pixelOf(set, 8, 2, 4, 4), [10, 20, 200]);
    expectColour(pixelOf(set, 8, 3, 4, 4), [200, 40, 40], 40); // printing colours do not convert exactly
  });

  it("says that a folder does not exist, is a file, or has no pictures", async () => {
    await save("notes.txt", "no picture");
    await expect(imageFolder(path.join(folder, "missing"))).rejects.toMatchObject({
      name: "DataError",
      code: "ERR_FOLDER_NOT_FOUND",
      message: expect.stringContaining(path.join(folder, "missing")),
    });
    await expect(imageFolder(path.join(folder, "notes.txt"))).rejects.toMatchObject({
      code: "ERR_FOLDER_NOT_A_FOLDER",
    });
    await expect(imageFolder(folder)).rejects.toMatchObject({
      code: "ERR_FOLDER_EMPTY",
      message: expect.stringContaining(folder),
    });
  });

  it.each(["", undefined, null, 7, "a\0b"])("refuses %j as a path", async (given) => {
    await expect(imageFolder(given as string)).rejects.toMatchObject({
      name: "ConfigError",
      code: "ERR_OPTION_OUT_OF_RANGE",
      message: expect.stringContaining("folder has to be a path"),
    });
  });

  it("refuses broken pictures by name", async () => {
    await save("good.png", await halves(8, 8, red, blue).png().toBuffer());
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    const png = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const webp = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .webp()
      .toBuffer();
    const flipped = Buffer.from(png);
    flipped[Math.floor(png.length / 2)] = (flipped[Math.floor(png.length / 2)] as number) ^ 0xff;
    const broken: Record<string, Uint8Array | string> = {
      "truncated.jpg": jpeg.subarray(0, Math.floor(jpeg.length * 0.7)),
      "without-its-last-bytes.jpg": jpeg.subarray(0, jpeg.length - 40),
      "truncated.png": png.subarray(0, Math.floor(png.length * 0.7)),
      "damaged.png": flipped,
      "truncated.webp": webp.subarray(0, Math.floor(webp.length * 0.7)),
      "text.png": "this is not a picture",
      "empty.jpg": "",
      "drawing.png": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    };
    for (const [name, bytes] of Object.entries(broken)) {
      await save(name, bytes);
      await expect(imageFolder(folder, { onBadFile: "throw" }), name).rejects.toMatchObject({
        code: "ERR_IMAGE_BROKEN",
        file: path.join(folder, name),
        message: expect.stringContaining(name),
      });
      await rm(path.join(folder, name));
    }
    expect((await imageFolder(folder)).count).toBe(1);
  });

  it.each([
    ["png", {}],
    ["png", { progressive: true }],
    ["png", { palette: true }],
    ["jpeg", {}],
    ["jpeg", { progressive: true }],
    ["webp", {}],
    ["webp", { lossless: true }],
  ] as const)("refuses a %s file %j that lacks its last bytes, few or many", async (format, options) => {
    const whole = await halves(24, 24, red, blue).toFormat(format, options).toBuffer();
    const file = path.join(folder, `cut.${format}`);
    for (const lost of [1, 2, 4, 11, 12, 13, 40, whole.length - 8]) {
      await writeFile(file, whole.subarray(0, whole.length - lost));
      await expect(imageFolder(folder), `${lost} bytes lost`).rejects.toMatchObject({
        code: "ERR_IMAGE_BROKEN",
        file,
      });
    }
    await writeFile(file, whole);
    const { pixels } = await imageFolder(folder);
    await writeFile(file, Buffer.concat([whole, Buffer.from("what a camera or an editor appends")]));
    expect((await imageFolder(folder)).pixels).toEqual(pixels);
  });

  it("refuses a named pipe at once instead of waiting for a writer", async () => {
    await promisify(execFile)("mkfifo", [path.join(folder, "pipe.jpg")]);
    await expect(imageFolder(folder)).rejects.toMatchObject({
      code: "ERR_IMAGE_BROKEN",
      file: path.join(folder, "pipe.jpg"),
      message: expect.stringContaining("not a regular file"),
    });
  });

  it("follows links to pictures, and refuses a link to a folder that has a picture's name", async () => {
    const picture = path.join(folder, "picture.png");
    await save("picture.png", await halves(8, 8, red, red).png().toBuffer());
    await symlink(picture, path.join(folder, "link.png"));
    expect((await imageFolder(folder)).files).toEqual([path.join(folder, "link.png"), picture]);
    await symlink(folder, path.join(folder, "loop.png"));
    await expect(imageFolder(folder, { onBadFile: "throw" })).rejects.toMatchObject({
      code: "ERR_IMAGE_BROKEN",
      file: path.join(folder, "loop.png"),
    });
  });

  it("refuses a link that leads nowhere", async () => {
    await symlink(path.join(folder, "nothing"), path.join(folder, "link.png"));
    await expect(imageFolder(folder)).rejects.toMatchObject({
      code: "ERR_IMAGE_BROKEN",
      file: path.join(folder, "link.png"),
    });
  });

  it("sees that a broken file has been repaired", async () => {
    await save("a.png", "not yet");
    await expect(imageFolder(folder)).rejects.toMatchObject({ code: "ERR_IMAGE_BROKEN" });
    await save("a.png", await halves(8, 8, red, red).png().toBuffer());
    expectColour(pixelOf(await imageFolder(folder, { size: 4 }), 4, 0, 2, 2), red);
  });

  it("refuses an image bomb from its header, without decoding it", async () => {
    const bomb = blackPng(12_000, 12_000);
    expect(bomb.length).toBeLessThan(100_000);
    // It is a whole picture, which sharp would go on to decode: no defect is what it is refused for.
    const inflated = await sharp(blackPng(300, 300)).raw().toBuffer({ resolveWithObject: true });
    expect(inflated.info).toMatchObject({ width: 300, height: 300 });
    expect(await sharp(bomb, { limitInputPixels: false }).metadata()).toMatchObject({ width: 12_000 });
    await save("bomb.png", bomb);
    const startedAtMs = performance.now();
    await expect(imageFolder(folder)).rejects.toMatchObject({
      code: "ERR_IMAGE_TOO_LARGE",
      file: path.join(folder, "bomb.png"),
      message: expect.stringMatching(/bomb\.png has 12000 x 12000 pixels.*50000000/),
    });
    expect(performance.now() - startedAtMs).toBeLessThan(500);
    await save("bomb.png", await halves(8, 8, red, red).png().toBuffer());
    await expect(imageFolder(folder, { maxPixels: 63 })).rejects.toMatchObject({
      code: "ERR_IMAGE_TOO_LARGE",
    });
    expect((await imageFolder(folder, { maxPixels: 64 })).count).toBe(1);
  });

  it("lists bad files, warns once, and loads the rest; or throws, if asked to", async () => {
    await save("a.png", await halves(8, 8, red, red).png().toBuffer());
    await save("b.png", "no picture");
    await save("c.png", await halves(8, 8, blue, blue).png().toBuffer());
    await save("d.png", blackPng(12_000, 12_000));
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const set = await imageFolder(folder, { size: 4 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    expect(set).toMatchObject({ count: 2, files: ["a.png", "c.png"].map((name) => path.join(folder, name)) });
    expect(set.pixels.length).toBe(2 * 4 * 4 * 3);
    for (const [index, colour] of [red, blue].entries()) expectColour(pixelOf(set, 4, index, 2, 2), colour);
    expect(set.badFiles).toMatchObject([
      { file: path.join(folder, "b.png"), code: "ERR_IMAGE_BROKEN" },
      { file: path.join(folder, "d.png"), code: "ERR_IMAGE_TOO_LARGE" },
    ]);
    expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      expect.stringMatching(/^LatentlabWarning: 2 of 4 files were left out: .*b\.png.*1 more, see badFiles/),
    ]);
    await expect(imageFolder(folder, { onBadFile: "throw" })).rejects.toMatchObject({
      code: "ERR_IMAGE_BROKEN",
      file: path.join(folder, "b.png"),
    });
  });

  it("throws the first error where no picture is left", async () => {
    await save("a.png", "no picture");
    await save("b.png", "nor this");
    await expect(imageFolder(folder)).rejects.toMatchObject({ file: path.join(folder, "a.png") });
  });

  it("crops at random places that the seed and the file's name decide", async () => {
    const ramp = Buffer.from(
      Array.from({ length: 256 * 16 }, (_, index) => new Array(3).fill(index % 256)).flat(),
    );
    const wide = await sharp(ramp, { raw: { width: 256, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    // Stored upright and turned by EXIF: the crop is one of the picture as it is seen.
    const tall = await sharp(wide).rotate(90).withMetadata({ orientation: 8 }).png().toBuffer();
    for (const name of ["a.png", "b.png", "c.png"]) await save(name, wide);
    await save("d.png", tall);
    const lefts = async (options: object) => {
      const set = await imageFolder(folder, { size: 16, crop: "random", ...options });
      return Array.from({ length: set.count }, (_, index) => {
        const [left = 0] = pixelOf(set, 16, index, 3, 0);
        expectColour(pixelOf(set, 16, index, 3, 15), [left + 15], 1); // not scaled, not mirrored
        return left;
      });
    };
    const first = await lefts({ seed: 1 });
    expect(new Set(first).size).toBe(4);
    expect(await lefts({ seed: 1, concurrency: 1 })).toEqual(first);
    expect(await lefts({ seed: 2 })).not.toEqual(first);
    await rm(path.join(folder, "a.png"));
    expect(await lefts({ seed: 1 })).toEqual(first.slice(1));
  });

  it("lays transparent pictures on the background that is asked for, also 16-bit and half transparent ones", async () => {
    const clear = Buffer.from(Array.from({ length: 64 }, () => [255, 0, 0, 128]).flat());
    const raw = { width: 8, height: 8, channels: 4 as const };
    await save("a.png", await sharp(clear, { raw }).png().toBuffer());
    await save("b.png", await sharp(clear, { raw }).toColourspace("rgb16").png().toBuffer());
    const grey = Buffer.from(Array.from({ length: 64 }, () => [200, 0]).flat());
    await save(
      "c.png",
      await sharp(grey, { raw: { ...raw, channels: 2 } })
        .toColourspace("b-w")
        .png()
        .toBuffer(),
    );
    const deep = sharp(grey, { raw: { ...raw, channels: 2 } }).toColourspace("grey16");
    await save("d.png", await deep.png().toBuffer());
    expect(await sharp(path.join(folder, "d.png")).metadata()).toMatchObject({
      depth: "ushort",
      channels: 2,
    });
    const set = await imageFolder(folder, { size: 8, background: "#0000ff" });
    for (const index of [0, 1]) expectColour(pixelOf(set, 8, index, 4, 4), [128, 0, 127]);
    for (const index of [2, 3]) expectColour(pixelOf(set, 8, index, 4, 4), [0, 0, 255]);
  });

  it("decodes at most as many files at a time as are asked for, and stops when told to", async () => {
    for (let index = 0; index < 12; index++)
      await save(`${index}.png`, await halves(8, 8, red, red).png().toBuffer());
    const all = await imageFolder(folder, { size: 8 });
    expect((await imageFolder(folder, { size: 8, concurrency: 1 })).pixels).toEqual(all.pixels);
    const controller = new AbortController();
    const loading = imageFolder(folder, { size: 8, concurrency: 1, signal: controller.signal });
    setImmediate(() => controller.abort(new Error("enough")));
    await expect(loading).rejects.toThrow("enough");
    await expect(imageFolder(folder, { signal: controller.signal })).rejects.toThrow("enough");
  });

  it.each([
    [{ size: 0 }, /size/],
    [{ crop: "left" }, /crop has to be/],
    [{ onBadFile: "ignore" }, /onBadFile has to be/],
    [{ background: "no colour" }, /background has to be a colour/],
    [{ concurrency: 0 }, /concurrency/],
    [{ seed: -1 }, /seed/],
    [{ cache: "" }, /cache has to be a path/],
  ])("refuses %j", async (options, message) => {
    await expect(imageFolder(folder, options as object)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringMatching(message),
    });
  });
});

/** A whole PNG of black pixels, one bit each, made without an encoder: small and at once, however large the picture. */
function blackPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bits a pixel, grey
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
