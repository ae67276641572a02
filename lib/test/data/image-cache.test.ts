import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCache, writeCache } from "../../src/data/image-folder/cache.js";
import { imageFolder } from "../../src/data/image-folder.js";

let place: string;
let folder: string;
let cache: string;
beforeEach(async () => {
  place = await mkdtemp(path.join(tmpdir(), "latentlab-cache-"));
  folder = path.join(place, "pictures");
  cache = path.join(place, "made", "pictures.cache");
  await mkdir(folder);
  for (const [name, shade] of [["a", 10] as const, ["b", 90] as const]) await save(`${name}.png`, shade);
});
afterEach(() => rm(place, { recursive: true }));

async function save(name: string, shade: number): Promise<void> {
  const create = { width: 8, height: 8, channels: 3 as const, background: { r: shade, g: shade, b: shade } };
  await writeFile(path.join(folder, name), await sharp({ create }).png().toBuffer());
}

/** Replaces a file by something broken of the same length and time: only a cache can still know what it showed. */
async function spoil(name: string): Promise<void> {
  const file = path.join(folder, name);
  const past = new Date(1_600_000_000_000);
  await utimes(file, past, past);
  await imageFolder(folder, { size: 4, cache });
  await writeFile(file, Buffer.alloc((await readFile(file)).length));
  await utimes(file, past, past);
}
const load = (options: object = {}) => imageFolder(folder, { size: 4, cache, ...options });

describe("the cache of imageFolder", () => {
  it("keeps the pictures: the files are not decoded again, and the result is the same", async () => {
    const decoded = await imageFolder(folder, { size: 4 });
    expect(await load()).toEqual(decoded);
    await spoil("a.png");
    const cached = await load();
    expect(cached.files).toEqual(decoded.files);
    expect([...cached.pixels]).toEqual([...decoded.pixels]);
    expect((await imageFolder(folder, { size: 4 })).count).toBe(1); // without a cache it is broken indeed
    expect(await readdir(path.dirname(cache))).toEqual(["pictures.cache"]);
    const moved = path.join(place, "moved"); // the folder's own name does not matter
    await rename(folder, moved);
    expect((await imageFolder(moved, { size: 4, cache })).files[0]).toBe(path.join(moved, "a.png"));
  });

  it("is made anew for a file that is changed, added, removed or renamed, and for other options", async () => {
    await load();
    await save("a.png", 200);
    await utimes(path.join(folder, "a.png"), new Date(), new Date(1_700_000_000_000));
    expect((await load()).pixels[0]).toBe(200);
    await save("c.png", 50);
    expect((await load()).count).toBe(3);
    await rm(path.join(folder, "b.png"));
    expect((await load()).count).toBe(2);
    await rename(path.join(folder, "c.png"), path.join(folder, "0.png"));
    expect((await load()).pixels[0]).toBe(50);
    expect((await load({ size: 2 })).shape).toEqual([2, 2, 3]);
    for (const options of [{ crop: "random" }, { background: "black" }, { maxPixels: 1000 }, { seed: 3 }]) {
      const before = await readFile(cache);
      await load(options);
      expect((await readFile(cache)).equals(before), JSON.stringify(options)).toBe(false);
    }
  });

  it("remembers bad files, and does not hide them from who asked for an error", async () => {
    await writeFile(path.join(folder, "bad.png"), "no picture");
    const first = await load();
    expect(first.badFiles).toMatchObject([{ file: path.join(folder, "bad.png"), code: "ERR_IMAGE_BROKEN" }]);
    expect((await load()).badFiles).toEqual(first.badFiles);
    await expect(load({ onBadFile: "throw" })).rejects.toMatchObject({ code: "ERR_IMAGE_BROKEN" });
  });

  it("leaves no cache and no half of one behind where loading fails", async () => {
    await writeFile(path.join(folder, "bad.png"), "no picture");
    await expect(load({ onBadFile: "throw" })).rejects.toThrow();
    expect(await readdir(place)).toEqual(["pictures"]);
  });

  it("does not overwrite a file that is something else", async () => {
    const thesis = path.join(place, "thesis.txt");
    await writeFile(thesis, "years of work");
    await expect(load({ cache: thesis })).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("is no cache of pictures"),
    });
    expect(await readFile(thesis, "utf8")).toBe("years of work");
    await expect(load({ cache: folder })).rejects.toMatchObject({ name: "ConfigError" });
  });

  it("is made anew where it is damaged or cut", async () => {
    const { pixels } = await load();
    const whole = await readFile(cache);
    for (const damaged of [whole.subarray(0, -1), whole.subarray(0, 20), Buffer.alloc(0)]) {
      await writeFile(cache, damaged);
      expect([...(await load()).pixels]).toEqual([...pixels]);
      expect((await readFile(cache)).equals(whole)).toBe(true);
    }
  });
});

describe("readCache", () => {
  it("gives back what was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.jsonValue(),
        fc.uint8Array({ maxLength: 300 }),
        async (key, content, pixels) => {
          await writeCache(cache, key, content, pixels);
          const read = await readCache(cache, key);
          expect(read?.content).toEqual(JSON.parse(JSON.stringify(content)));
          expect([...(read?.pixels ?? [])]).toEqual([...pixels]);
          expect(await readCache(cache, `${key}'`)).toBeUndefined();
        },
      ),
      { numRuns: 30 },
    );
  });

  it("takes no file in which anything has changed behind the signature", async () => {
    await writeCache(
      cache,
      "key",
      { names: ["a"] },
      Uint8Array.from({ length: 50 }, (_, index) => index),
    );
    const whole = await readFile(cache);
    const changed = fc.record({
      at: fc.integer({ min: 8, max: whole.length - 1 }),
      flip: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(changed, fc.integer({ min: 8, max: whole.length }), async ({ at, flip }, cut) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ flip;
        await writeFile(cache, bytes);
        expect(await readCache(cache, "key")).toBeUndefined();
        await writeFile(cache, whole.subarray(0, cut));
        expect((await readCache(cache, "key")) === undefined).toBe(cut < whole.length);
      }),
      { numRuns: 60 },
    );
  });
});
