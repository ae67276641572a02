import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../src/index.js";
import { maxHeaderBytes, parseHeader } from "../../src/safetensors/header.js";
import { openSafetensors, openShardedSafetensors, writeSafetensors } from "../../src/safetensors/index.js";
import { fixtures, safetensorsBytes, useTemporaryFolder } from "./helpers.js";

const folder = useTemporaryFolder();
const one = (fields: object) => ({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...fields } });

async function expectRefusal(bytes: Uint8Array, code: string, message = /./): Promise<void> {
  const file = path.join(folder.path, "bad.safetensors");
  await writeFile(file, bytes);
  await expect(openSafetensors(file)).rejects.toMatchObject({
    name: "WeightsError",
    code,
    file,
    message: expect.stringMatching(message),
  });
}

describe("a safetensors file is refused", () => {
  it.each([0, 1, 7])("with %i bytes", async (length) => {
    await expectRefusal(Buffer.alloc(length), "ERR_WEIGHTS_TRUNCATED");
  });

  it.each([
    ["of 100 GB", 100n * 2n ** 30n, "ERR_WEIGHTS_HEADER"],
    ["of 2^64 - 1 bytes", 2n ** 64n - 1n, "ERR_WEIGHTS_HEADER"],
    ["just above the limit", BigInt(maxHeaderBytes) + 1n, "ERR_WEIGHTS_HEADER"],
    ["longer than the file", 1000n, "ERR_WEIGHTS_TRUNCATED"],
    ["shorter than it is", 20n, "ERR_WEIGHTS_HEADER"],
    ["of nothing", 0n, "ERR_WEIGHTS_HEADER"],
  ])("with a header that claims to be %s", async (_, length, code) => {
    await expectRefusal(safetensorsBytes(one({}), 4, length), code);
  });

  it.each([
    ["[]", "ERR_WEIGHTS_HEADER"],
    ["null", "ERR_WEIGHTS_HEADER"],
    ['"text"', "ERR_WEIGHTS_HEADER"],
    ["{", "ERR_WEIGHTS_HEADER"],
    ["{}\0\0", "ERR_WEIGHTS_HEADER"],
    ["\ufeff{}", "ERR_WEIGHTS_HEADER"],
    ["{} {}", "ERR_WEIGHTS_HEADER"],
    ['{"x": 1}', "ERR_WEIGHTS_HEADER"],
    ['{"x": null}', "ERR_WEIGHTS_HEADER"],
    ['{"x": []}', "ERR_WEIGHTS_HEADER"],
    ['{"__metadata__": []}', "ERR_WEIGHTS_HEADER"],
    ['{"__metadata__": {"a": 1}}', "ERR_WEIGHTS_HEADER"],
    ['{"__metadata__": {"a": "1", "a": "2"}}', "ERR_WEIGHTS_DUPLICATE"],
    ['{"\\ud800": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]}}', "ERR_WEIGHTS_HEADER"],
  ])("with the header %s", async (header, code) => {
    await expectRefusal(safetensorsBytes(header, header.includes("U8") ? 1 : 0), code);
  });

  it("with a header that is not UTF-8", async () => {
    await expectRefusal(safetensorsBytes(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), "ERR_WEIGHTS_HEADER");
  });

  it.each([
    '{"x":E,"x":E}',
    '{"x":E,"y":E,"x":E}',
    '{"x":E,"\\u0078":E}',
    '{"__proto__":E,"__proto__":E}',
    '{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}}',
    '{"\\"x{[":E,"\\"x{[" :E}',
  ])("with a name that is there twice: %s", async (template) => {
    const header = template.replaceAll("E", '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}');
    await expectRefusal(safetensorsBytes(header, 4), "ERR_WEIGHTS_DUPLICATE", /twice/);
  });

  const dtypes = [undefined, null, 32, "f32", "F33", "toString", "__proto__", ["F32"]];
  it.each(dtypes.map((dtype) => ({ dtype })))("with type $dtype", async ({ dtype }) => {
    await expectRefusal(safetensorsBytes(one({ dtype }), 4), "ERR_WEIGHTS_DTYPE");
  });

  it.each(
    [
      undefined,
      null,
      1,
      "1",
      {},
      [-1],
      [-1, -1],
      [0.5],
      ["1"],
      [null],
      [[1]],
      [2 ** 53],
      [2 ** 30, 2 ** 30],
      [2 ** 40, 2 ** 40, 0],
    ].map((shape) => ({ shape })),
  )("with shape $shape", async ({ shape }) => {
    await expectRefusal(safetensorsBytes(one({ shape }), 4), "ERR_WEIGHTS_SHAPE");
  });

  it("with shape [-0] or a number too large for JSON's readers", async () => {
    for (const shape of ["-0", "1e400", "9007199254740993"]) {
      const header = `{"x":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,0]}}`;
      await expectRefusal(safetensorsBytes(header), "ERR_WEIGHTS_SHAPE");
    }
  });

  it.each(
    [
      undefined,
      null,
      [],
      [0],
      [0, 4, 8],
      [-4, 0],
      [4, 0],
      [0, 8],
      [0, 3],
      [1, 5],
      ["0", "4"],
      [0, 2 ** 53 + 2],
      [2 ** 60, 2 ** 60 + 4],
      [0.5, 4.5],
    ].map((offsets) => ({ offsets })),
  )("with offsets $offsets", async ({ offsets }) => {
    await expectRefusal(safetensorsBytes(one({ data_offsets: offsets }), 4), "ERR_WEIGHTS_OFFSETS");
  });

  const two = (start: number, bytes: number) =>
    safetensorsBytes(
      { ...one({}), y: { dtype: "F32", shape: [1], data_offsets: [start, start + 4] } },
      bytes,
    );

  it("with tensors that overlap, or share their bytes", async () => {
    await expectRefusal(two(2, 8), "ERR_WEIGHTS_OFFSETS", /overlaps/);
    await expectRefusal(two(0, 8), "ERR_WEIGHTS_OFFSETS", /overlaps/);
    await expectRefusal(two(0, 4), "ERR_WEIGHTS_OFFSETS", /overlaps/);
  });

  it("with a hole between tensors, or bytes after the last one", async () => {
    await expectRefusal(two(8, 12), "ERR_WEIGHTS_OFFSETS", /hole/);
    await expectRefusal(two(4, 9), "ERR_WEIGHTS_OFFSETS", /1 bytes after/);
    await expectRefusal(safetensorsBytes({}, 1), "ERR_WEIGHTS_OFFSETS");
  });

  it("that was copied in part, wherever it was cut", async () => {
    const whole = two(4, 8);
    for (let length = 0; length < whole.length; length++) {
      await expectRefusal(whole.subarray(0, length), "ERR_WEIGHTS_TRUNCATED");
    }
  });

  it("that is a folder, a named pipe or not there", async () => {
    const pipe = path.join(folder.path, "pipe.safetensors");
    await promisify(execFile)("mkfifo", [pipe]);
    await mkdir(path.join(folder.path, "folder.safetensors"));
    for (const name of ["folder", "missing"]) {
      const file = path.join(folder.path, `${name}.safetensors`);
      await expect(openSafetensors(file)).rejects.toMatchObject({ code: "ERR_WEIGHTS_NOT_FOUND", file });
    }
    await expect(openSafetensors(pipe)).rejects.toMatchObject({ code: "ERR_WEIGHTS_NOT_FOUND", file: pipe });
  });

  it("with a header of 20 MB in one name, in reasonable time", async () => {
    const name = "a".repeat(20_000_000);
    const header = Buffer.from(`{"${name}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"${name}":0}`);
    expect(() => parseHeader(header, 4)).toThrow(/^The file .{80,300} twice/);
    const nested = Buffer.from(`{"x":${"[".repeat(1_000_000)}`);
    expect(() => parseHeader(nested, 4)).toThrow(WeightsError);
  });
});

it("takes what the reference takes: padding, null metadata, unknown fields, names of JavaScript's own", async () => {
  const file = path.join(folder.path, "good.safetensors");
  const header = ` {"__metadata__":null,"__proto__":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"more":1}}  \n`;
  await writeFile(file, safetensorsBytes(header, Buffer.from([3, 4])));
  const source = await openSafetensors(file);
  expect([...source.tensors.keys()]).toEqual(["__proto__"]);
  expect([...(await source.read("__proto__"))]).toEqual([3, 4]);
  await source.close();
  await writeFile(file, safetensorsBytes("{}"));
  const empty = await openSafetensors(file);
  expect(empty.tensors.size).toBe(0);
  await empty.close();
});

describe("properties", () => {
  const shapes = fc.array(fc.nat(4), { maxLength: 4 });
  const names = fc
    .oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "7", "\0", "a.b"))
    .filter((name) => name !== "__metadata__");
  const tensors = fc.uniqueArray(
    fc.record({ name: names, shape: shapes, dtype: fc.constantFrom("F32", "F16", "U8", "I64", "BOOL") }),
    { selector: ({ name }) => name, maxLength: 8 },
  );
  const sizes = { F32: 4, F16: 2, U8: 1, I64: 8, BOOL: 1 } as Record<string, number>;

  it("what is written is read again, and written the same", async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.dictionary(names, fc.string()), async (list, metadata) => {
        const file = path.join(folder.path, "x.safetensors");
        const toWrite = list.map(({ name, shape, dtype }, index) => {
          const size = shape.reduce((product, length) => product * length, sizes[dtype] as number);
          return { name, shape, dtype: dtype as "F32", bytes: new Uint8Array(size).fill(index + 1) };
        });
        await writeSafetensors(file, toWrite, { metadata });
        const first = await readFile(file);
        const source = await openSafetensors(file);
        expect(source.tensors.size).toBe(list.length);
        for (const { name, shape, dtype, bytes } of toWrite) {
          expect(source.tensors.get(name)).toMatchObject({ shape, dtype });
          expect(await source.readBytes(name)).toEqual(bytes);
        }
        expect([...source.metadata].sort()).toEqual(Object.entries(metadata).sort());
        await source.close();
        await writeSafetensors(file, toWrite.reverse(), { metadata });
        expect((await readFile(file)).equals(first)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("whatever the header is, the outcome is a whole header or a WeightsError", () => {
    const anything = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
      fc
        .dictionary(
          names,
          fc.record({
            dtype: fc.oneof(fc.constantFrom("F32", "U8"), fc.jsonValue()),
            shape: fc.oneof(shapes, fc.jsonValue()),
            data_offsets: fc.oneof(fc.tuple(fc.nat(64), fc.nat(64)), fc.jsonValue()),
          }),
        )
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, fc.nat(128), (text, dataBytes) => {
        try {
          const { tensors } = parseHeader(Buffer.from(text), dataBytes);
          const bytes = [...tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
          expect(bytes).toBe(dataBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WeightsError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("one changed byte of the header never goes unnoticed as another layout", async () => {
    const whole = await readFile(path.join(fixtures, "dtypes.safetensors"));
    const length = Number(whole.readBigUInt64LE());
    const header = whole.subarray(8, 8 + length);
    const dataBytes = whole.length - 8 - length;
    fc.assert(
      fc.property(fc.nat(length - 1), fc.nat(255), (position, byte) => {
        const changed = Buffer.from(header);
        changed[position] = byte;
        try {
          const { tensors } = parseHeader(changed, dataBytes);
          let end = 0;
          for (const entry of tensors.values()) {
            expect(entry.start).toBe(end);
            end = entry.end;
          }
          expect(end).toBe(dataBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WeightsError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a divided model is refused", () => {
  it.each([
    ["", "ERR_WEIGHTS_INDEX"],
    ["null", "ERR_WEIGHTS_INDEX"],
    ["{}", "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": []}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": 1}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "../a.safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "..\\\\a.safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "/etc/a.safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "C:a.safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "..safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "a.bin"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "a.safetensors", "x": "b.safetensors"}}', "ERR_WEIGHTS_INDEX"],
    ['{"weight_map": {"x": "missing.safetensors"}}', "ERR_WEIGHTS_NOT_FOUND"],
    ['{"weight_map": {"x": "a.safetensors", "y": "a.safetensors"}}', "ERR_WEIGHTS_MISSING"],
    ['{"weight_map": {"__proto__": "a.safetensors"}}', "ERR_WEIGHTS_MISSING"],
  ])("with the list %s", async (text, code) => {
    await writeFile(path.join(folder.path, "a.safetensors"), safetensorsBytes(one({}), 4));
    const index = path.join(folder.path, "m.safetensors.index.json");
    await writeFile(index, text);
    await expect(openShardedSafetensors(index)).rejects.toMatchObject({ name: "WeightsError", code });
  });
});
