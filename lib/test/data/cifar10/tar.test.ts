import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readTar } from "../../../src/data/cifar10/tar.js";
import { DataError } from "../../../src/errors.js";
import { makeTar } from "./samples.js";

const limits = { fileBytes: 10_000, archiveBytes: 1e6 };
const all = () => true;

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
const read = (bytes: Uint8Array, wanted: (name: string) => boolean = all, chunk = 700) =>
  readTar(inChunks(bytes, chunk), wanted, limits, "a.tar");

it("reads what the system's tar has written", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "latentlab-tar-"));
  const long = Buffer.alloc(1500, "b");
  await writeFile(path.join(folder, "empty"), "");
  await writeFile(path.join(folder, "long.bin"), long);
  execFileSync("tar", ["--format=ustar", "-cf", "a.tar", "empty", "long.bin"], { cwd: folder });
  const bytes = execFileSync("cat", [path.join(folder, "a.tar")]);
  expect(await read(bytes)).toEqual(new Map(Object.entries({ empty: Buffer.alloc(0), "long.bin": long })));
  await rm(folder, { recursive: true });
});

it("reads any files from chunks of any size, and only those that are wanted", async () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_.-]{1,40}$/), { minLength: 1, maxLength: 4 });
  const contents = fc.uint8Array({ maxLength: 1200 });
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.array(contents, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 3000 }),
      async (list, bytes, chunk) => {
        const entries = list.map((name, index) => ({
          name,
          bytes: bytes[index] as Uint8Array,
          prefix: index === 1 ? "inner" : "",
        }));
        const files = await read(makeTar(entries), (name) => name !== list[0], chunk);
        const expected = entries
          .slice(1)
          .map(
            ({ name, bytes, prefix }) => [prefix ? `${prefix}/${name}` : name, Buffer.from(bytes)] as const,
          );
        expect(files).toEqual(new Map(expected));
      },
    ),
    { numRuns: 60 },
  );
});

it("answers any damage with a named error, or with files of the sizes that the headers say", async () => {
  const whole = makeTar([
    { name: "a", bytes: Buffer.alloc(600, 1) },
    { name: "b", bytes: Buffer.alloc(100, 2) },
  ]);
  const damage = fc.record({ place: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.nat(whole.length) });
  await fc.assert(
    fc.asyncProperty(damage, async ({ place, byte, cut }) => {
      const bytes = Buffer.from(whole);
      bytes[place] = byte;
      try {
        await read(bytes.subarray(0, cut));
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        expect((error as DataError).code).toBe("ERR_DATASET_FORMAT");
      }
    }),
    { numRuns: 200 },
  );
});

it("names what is wrong: a cut archive, a header that lies, noise, files and archives that are too large", async () => {
  const whole = makeTar([{ name: "a", bytes: Buffer.alloc(600, 1) }]);
  const code = "ERR_DATASET_FORMAT";
  for (const length of [0, 100, 512, 700, 1024, 1536]) {
    await expect(read(whole.subarray(0, length)), `${length}`).rejects.toMatchObject({ code, file: "a.tar" });
  }
  const lying = Buffer.from(whole);
  lying.write("77777777777", 124);
  await expect(read(lying)).rejects.toThrow(/checksum of a header/);
  await expect(read(Buffer.alloc(2048, 7))).rejects.toThrow(/checksum/);
  await expect(read(makeTar([{ name: "a", bytes: Buffer.alloc(10_001) }]))).rejects.toThrow(
    /claims to have 10001 bytes/,
  );
  await expect(read(Buffer.concat([whole, Buffer.alloc(1e6)]))).rejects.toThrow(/larger than 1000000 bytes/);
});

it("reads on behind the end, where what packed the archive may find that it was damaged", async () => {
  async function* damaged(): AsyncGenerator<Uint8Array> {
    yield makeTar([{ name: "a", bytes: Buffer.from("one") }]);
    throw new Error("incorrect data check");
  }
  await expect(readTar(damaged(), all, limits, "a.tar")).rejects.toThrow("incorrect data check");
});

it("takes regular files only, and of a name that occurs twice the first", async () => {
  const files = await read(
    makeTar([
      { name: "a", bytes: Buffer.from("one") },
      { name: "a", bytes: Buffer.from("two") },
      { name: "link", bytes: Buffer.alloc(0), type: "2" },
      { name: "folder/", bytes: Buffer.alloc(0), type: "5" },
      { name: "pax", bytes: Buffer.from("comment"), type: "x" },
    ]),
  );
  expect(files).toEqual(new Map([["a", Buffer.from("one")]]));
});
