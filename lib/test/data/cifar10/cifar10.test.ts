import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpackBatch } from "../../../src/data/cifar10/batch.js";
import { cifar10 } from "../../../src/data/cifar10/cifar10.js";
import { selectImages } from "../../../src/data/image-set.js";
import { DataError } from "../../../src/errors.js";
import { makeBatch, makeTar } from "./samples.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "latentlab-cifar-"));
});
afterEach(() => rm(folder, { recursive: true }));

const batches = [1, 2, 3, 4, 5].map((number) => makeBatch(number, number));
const testBatch = makeBatch(4, 9);
const entries = [
  ...batches.map(({ bytes }, index) => ({ name: `data_batch_${index + 1}.bin`, bytes })),
  { name: "test_batch.bin", bytes: testBatch.bytes },
];
async function saveAll(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const { name, bytes } of entries) await writeFile(path.join(to, name), bytes);
}
const archive = () =>
  gzipSync(makeTar(entries.map(({ name, bytes }) => ({ name: `cifar-10-batches-bin/${name}`, bytes }))));

describe("cifar10", () => {
  it("reads planes of colours into pictures, batch after batch, with labels", async () => {
    await saveAll(folder);
    const set = await cifar10(folder);
    expect(set).toMatchObject({ count: 15, shape: [32, 32, 3] });
    expect([...(set.labels ?? [])]).toEqual(batches.flatMap(({ labels }) => labels));
    expect(set.classNames?.[9]).toBe("truck");
    let picture = 0;
    for (const { bytes, labels } of batches) {
      for (let record = 0; record < labels.length; record++) {
        for (const [y, x, channel] of [
          [0, 0, 0],
          [0, 31, 1],
          [17, 5, 2],
          [31, 31, 2],
        ] as const) {
          const stored = bytes[record * 3073 + 1 + channel * 1024 + y * 32 + x];
          expect(set.pixels[((picture * 32 + y) * 32 + x) * 3 + channel]).toBe(stored);
        }
        picture += 1;
      }
    }
    expect((await cifar10(folder, { split: "test" })).count).toBe(4);
    expect([...(selectImages(set, [14, 0]).labels ?? [])]).toEqual([set.labels?.[14], set.labels?.[0]]);
  });

  it("finds the data in the folder above, in the archive in a folder, and in the archive itself", async () => {
    await saveAll(path.join(folder, "cifar-10-batches-bin"));
    const expected = await cifar10(folder);
    const other = path.join(folder, "other");
    await mkdir(other);
    const file = path.join(other, "cifar-10-binary.tar.gz");
    await writeFile(file, archive());
    for (const source of [other, file]) expect(await cifar10(source, { md5: false })).toEqual(expected);
    expect((await cifar10(file, { md5: false, split: "test" })).count).toBe(4);
  });

  it("takes an archive by its checksum only, unless told otherwise", async () => {
    const bytes = archive();
    const file = path.join(folder, "cifar-10-binary.tar.gz");
    await writeFile(file, bytes);
    await expect(cifar10(file)).rejects.toMatchObject({
      code: "ERR_DATASET_CHECKSUM",
      message: expect.stringContaining("c32a1d4ab5d03f1284b67883e8d87530"),
      file,
    });
    const md5 = createHash("md5").update(bytes).digest("hex").toUpperCase();
    expect((await cifar10(file, { md5 })).count).toBe(15);
  });

  it("answers every damage of the archive with a named error", async () => {
    const bytes = archive();
    const file = path.join(folder, "a.tar.gz");
    const expectCode = async (content: Uint8Array, code: string) => {
      await writeFile(file, content);
      await expect(cifar10(file, { md5: false })).rejects.toMatchObject({ name: "DataError", code });
    };
    await expectCode(bytes.subarray(0, bytes.length - 1), "ERR_DATASET_FORMAT");
    await expectCode(bytes.subarray(0, bytes.length / 2), "ERR_DATASET_FORMAT");
    await expectCode(Buffer.alloc(0), "ERR_DATASET_FORMAT");
    await expectCode(Buffer.from("no archive"), "ERR_DATASET_FORMAT");
    const wrongSum = Buffer.from(bytes);
    wrongSum[bytes.length - 6] = (wrongSum[bytes.length - 6] as number) ^ 1; // the CRC at gzip's very end
    await expectCode(wrongSum, "ERR_DATASET_FORMAT");
    await expectCode(gzipSync(makeTar(entries.slice(1))), "ERR_DATASET_INCOMPLETE");
  });

  it("names a missing batch, a wrong length and a wrong label", async () => {
    await saveAll(folder);
    const third = path.join(folder, "data_batch_3.bin");
    const whole = await readFile(third);
    for (const bytes of [whole.subarray(0, -1), Buffer.alloc(0), Buffer.concat([whole, Buffer.alloc(1)])]) {
      await writeFile(third, bytes);
      await expect(cifar10(folder)).rejects.toMatchObject({ code: "ERR_DATASET_FORMAT", file: third });
    }
    const wrong = Buffer.from(whole);
    wrong[3073] = 10;
    await writeFile(third, wrong);
    await expect(cifar10(folder)).rejects.toThrow(/Picture 1 of .*data_batch_3\.bin has the label 10/);
    await rm(third);
    await expect(cifar10(folder)).rejects.toMatchObject({
      code: "ERR_DATASET_INCOMPLETE",
      message: expect.stringContaining("data_batch_3.bin is missing"),
    });
    expect((await cifar10(folder, { split: "test" })).count).toBe(4); // does not need it
  });

  it("says where to get the data from, and downloads nothing by itself", async () => {
    for (const source of [folder, path.join(folder, "missing")]) {
      await expect(cifar10(source)).rejects.toMatchObject({
        code: "ERR_DATASET_NOT_FOUND",
        message: expect.stringMatching(/cifar\.html.*download: true.*170 MB/),
      });
    }
    expect(await readdir(folder)).toEqual([]);
    await expect(cifar10("")).rejects.toMatchObject({ name: "ConfigError" });
    await expect(cifar10(folder, { split: "all" as never })).rejects.toThrow(
      /split has to be "train" or "test"/,
    );
  });

  it("stops when it is told to", async () => {
    await saveAll(folder);
    await expect(cifar10(folder, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });
});

describe("unpackBatch", () => {
  it("reads any bytes, or says in which way they are no batch", () => {
    const lengths = fc.oneof(fc.nat(7000), fc.constantFrom(0, 3072, 3073, 3074, 6146, 9219));
    fc.assert(
      fc.property(lengths, fc.nat(20), fc.nat(255), (length, label, filling) => {
        const bytes = new Uint8Array(length).fill(filling);
        for (let start = 0; start < length; start += 3073) bytes[start] = label;
        const count = Math.floor(length / 3073);
        const pixels = new Uint8Array(count * 3072);
        const labels = new Uint8Array(count);
        if (length > 0 && length % 3073 === 0 && label <= 9) {
          unpackBatch(bytes, "b", pixels, labels);
          expect(pixels.every((value) => value === filling)).toBe(true);
          expect(labels.every((value) => value === label)).toBe(true);
        } else {
          expect(() => unpackBatch(bytes, "b", pixels, labels)).toThrow(DataError);
        }
      }),
      { numRuns: 80 },
    );
  });
});
