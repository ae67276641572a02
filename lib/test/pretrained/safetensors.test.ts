import { execFile } from "node:child_process";
import { open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import {
  floatTensor,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "../../src/safetensors/index.js";
import { fixtures, safetensorsBytes, useTemporaryFolder } from "./helpers.js";

const folder = useTemporaryFolder();
const inFolder = (name: string) => path.join(folder.path, name);

it("reads every type that Python's safetensors writes", async () => {
  const source = await openSafetensors(path.join(fixtures, "dtypes.safetensors"));
  expect(Object.fromEntries(source.metadata)).toEqual({ format: "pt" });
  const wanted = [0, 1, 2, 100, 5, 1];
  for (const name of ["f64", "f32", "f16", "bf16", "i32", "i16", "i8", "u8", "u16", "u32"]) {
    expect([...(await source.read(name))], name).toEqual(wanted);
    expect(source.tensors.get(name)?.shape).toEqual([2, 3]);
  }
  for (const name of ["i64", "u64"]) expect([...(await source.read(name))]).toEqual(wanted.map(BigInt));
  expect([...(await source.read("bool"))]).toEqual([0, 1, 1, 1, 1, 1]);
  expect(source.tensors.get("empty")?.shape).toEqual([0, 3]);
  expect((await source.readFloat32("empty")).length).toBe(0);
  expect([...(await source.readFloat32("scalar"))]).toEqual([-1.5]);
  expect([...(await source.readFloat32("__proto__"))]).toEqual([1, 1]);
  expect([...(await source.readFloat32("f64"))]).toEqual(wanted);
  expect((await source.readBytes("c64")).length).toBe(48);
  await expect(source.read("f8")).rejects.toMatchObject({ code: "ERR_WEIGHTS_DTYPE", tensor: "f8" });
  await expect(source.readFloat32("i32")).rejects.toMatchObject({ code: "ERR_WEIGHTS_DTYPE" });
  for (const name of ["toString", "constructor", "missing"]) {
    await expect(source.read(name)).rejects.toMatchObject({ code: "ERR_WEIGHTS_MISSING", tensor: name });
  }
  await source.close();
});

it.each([
  "dtypes.safetensors",
  "sd1/diffusion_pytorch_model.safetensors",
  "sdxl/diffusion_pytorch_model.fp16.safetensors",
  "sixteen/diffusion_pytorch_model.safetensors",
])("writes %s byte for byte like the reference, whatever the order of the tensors", async (name) => {
  const file = path.join(fixtures, name);
  const source = await openSafetensors(file);
  const tensors: TensorToWrite[] = [...source.tensors.values()].map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape,
    bytes: () => source.readBytes(name),
  }));
  const metadata = Object.fromEntries(source.metadata);
  for (const order of [tensors, [...tensors].reverse()]) {
    await writeSafetensors(inFolder("copy.safetensors"), order, { metadata });
    expect((await readFile(inFolder("copy.safetensors"))).equals(await readFile(file))).toBe(true);
  }
  await source.close();
});

it("stores float32 numbers in narrower types", async () => {
  const values = Float32Array.of(1, -0.1, 3e-5, 300);
  for (const [dtype, digits] of [
    ["F64", 9],
    ["F32", 9],
    ["F16", 2],
    ["BF16", 1],
  ] as const) {
    await writeSafetensors(inFolder("a.safetensors"), [floatTensor("x", [2, 2], values, dtype)]);
    const source = await openSafetensors(inFolder("a.safetensors"));
    const back = await source.readFloat32("x");
    await source.close();
    for (const [index, value] of values.entries()) {
      expect(back[index], dtype).toBeCloseTo(value, value === 300 ? 0 : digits);
    }
  }
});

it("reads a tensor out of a file of 6 GB without the rest of it", async () => {
  const gigabyte = 2 ** 30;
  const large = 6 * gigabyte;
  const header = safetensorsBytes({
    large: { dtype: "U8", shape: [large], data_offsets: [0, large] },
    last: { dtype: "F32", shape: [2], data_offsets: [large, large + 8] },
  });
  const file = inFolder("large.safetensors");
  const handle = await open(file, "w"); // sparse: the bytes between are not on the disk
  await handle.write(header);
  await handle.truncate(header.length + large);
  await handle.write(Buffer.from(Float32Array.of(1.5, -2).buffer), 0, 8, header.length + large);
  await handle.close();
  const before = process.memoryUsage().rss;
  const source = await openSafetensors(file);
  expect([...(await source.readFloat32("last"))]).toEqual([1.5, -2]);
  expect(process.memoryUsage().rss - before).toBeLessThan(gigabyte / 4);
  await source.close();
});

it("reads a tensor of 40 MB in pieces", async () => {
  const size = 40_000_003;
  const header = safetensorsBytes({ x: { dtype: "U8", shape: [size], data_offsets: [0, size] } });
  const file = inFolder("large.safetensors");
  const handle = await open(file, "w");
  await handle.write(header);
  await handle.write(Buffer.from([5, 6]), 0, 2, header.length + 2 ** 24 - 1);
  await handle.write(Buffer.from([7, 8, 9]), 0, 3, header.length + size - 3);
  await handle.close();
  const source = await openSafetensors(file);
  const bytes = await source.readBytes("x");
  expect([...bytes.subarray(2 ** 24 - 2, 2 ** 24 + 2)]).toEqual([0, 5, 6, 0]);
  expect([...bytes.subarray(-4)]).toEqual([0, 7, 8, 9]);
  await source.close();
});

it("says that a file was shortened while it was open", async () => {
  const file = inFolder("a.safetensors");
  await writeSafetensors(file, [floatTensor("x", [4], Float32Array.of(1, 2, 3, 4))]);
  const source = await openSafetensors(file);
  await truncate(file, (await stat(file)).size - 2);
  await expect(source.read("x")).rejects.toMatchObject({ code: "ERR_WEIGHTS_TRUNCATED", file });
  await source.close();
});

it.each([
  [
    "ERR_WEIGHTS_DUPLICATE",
    [floatTensor("x", [1], Float32Array.of(1)), floatTensor("x", [1], Float32Array.of(2))],
  ],
  ["ERR_WEIGHTS_HEADER", [floatTensor("__metadata__", [1], Float32Array.of(1))]],
  ["ERR_WEIGHTS_HEADER", [floatTensor("\ud800", [1], Float32Array.of(1))]],
  ["ERR_WEIGHTS_SHAPE", [floatTensor("x", [2], Float32Array.of(1))]],
  ["ERR_WEIGHTS_SHAPE", [floatTensor("x", [-1, -1], Float32Array.of(1))]],
  ["ERR_WEIGHTS_SHAPE", [floatTensor("x", [2 ** 40, 2 ** 40], Float32Array.of(1))]],
  ["ERR_WEIGHTS_SHAPE", [{ name: "x", dtype: "F4", shape: [1], bytes: new Uint8Array(1) }]],
  ["ERR_WEIGHTS_DTYPE", [{ name: "x", dtype: "toString", shape: [1], bytes: new Uint8Array(4) }]],
] as [
  string,
  TensorToWrite[],
][])("refuses to write what could not be read again: %s", async (code, tensors) => {
  const file = inFolder("a.safetensors");
  await writeFile(file, "old");
  await expect(writeSafetensors(file, tensors)).rejects.toMatchObject({ name: "WeightsError", code });
  expect(await readFile(file, "utf8")).toBe("old");
  expect(await readdir(folder.path)).toEqual(["a.safetensors"]);
});

it("keeps the old file where writing fails half way", async () => {
  const file = inFolder("a.safetensors");
  await writeSafetensors(file, [floatTensor("x", [1], Float32Array.of(1))]);
  const before = await readFile(file);
  const failing: TensorToWrite[] = [
    floatTensor("a", [100_000], new Float32Array(100_000)),
    { name: "b", dtype: "F32", shape: [1], bytes: () => Promise.reject(new Error("the engine is gone")) },
  ];
  await expect(writeSafetensors(file, failing)).rejects.toThrow("the engine is gone");
  expect(await readFile(file)).toEqual(before);
  expect(await readdir(folder.path)).toEqual(["a.safetensors"]);
});

it("never shows half a file under its name, also when it is killed while writing", async () => {
  const file = inFolder("a.safetensors");
  const old = safetensorsBytes({ x: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, 1);
  await writeFile(file, old);
  // The child announces that half of the bytes are written, and waits for its end.
  const child = path.join(folder.path, "child.mjs");
  const source = path.join(import.meta.dirname, "../../src/safetensors/atomic-file.ts");
  const { build } = await import("esbuild");
  await build({
    entryPoints: [source],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: inFolder("atomic.mjs"),
  });
  await writeFile(
    child,
    `import { writeAtomically } from "./atomic.mjs";
     await writeAtomically(${JSON.stringify(file)}, async (handle) => {
       await handle.write(Buffer.alloc(1000, 1));
       process.kill(process.pid, "SIGKILL");
     });`,
  );
  await expect(promisify(execFile)(process.execPath, [child])).rejects.toMatchObject({ signal: "SIGKILL" });
  expect(await readFile(file)).toEqual(old);
});
