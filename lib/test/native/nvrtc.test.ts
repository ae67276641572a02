import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { findEngineFolder } from "../../src/engine/folder.js";
import { operators, readKernels } from "./read-kernels.js";

const root = path.resolve(import.meta.dirname, "../../..");
const python = process.env.LATENTLAB_PYTHON_TORCH ?? path.join(root, ".venv/bin/python");

/** What `cuda_kernels.h` does on a GPU, with the same compiler. */
async function compile(kernels: string, definitions: string[]): Promise<Buffer> {
  const engine = findEngineFolder("torch") as string;
  const { sitePackages } = JSON.parse(await readFile(path.join(engine, "stamp.json"), "utf8"));
  const libraries = path.resolve(engine, "../..", sitePackages, "nvidia/cu13/lib");
  const folder = await mkdtemp(path.join(tmpdir(), "latentlab-nvrtc-"));
  try {
    const source = path.join(folder, "kernels.cu");
    await writeFile(source, await readKernels(kernels));
    const script = path.join(import.meta.dirname, "compile_with_nvrtc.py");
    const program = [script, libraries, source, ...definitions];
    const options = { encoding: "buffer", maxBuffer: 2 ** 26 } as const;
    return (await promisify(execFile)(python, program, options)).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const groupNorm = ["-DTHREADS=256", "-DVECTOR=8", "-DSILU=1"];
const cases = [
  { header: "group_norm.h", kernels: "group_norm.cu.h", definitions: groupNorm },
  {
    header: "group_norm.h",
    kernels: "group_norm.cu.h",
    definitions: ["-DTHREADS=256", "-DVECTOR=4", "-DSILU=0"],
  },
  {
    header: "upsample.h",
    kernels: "upsample.cu.h",
    definitions: ["-DTHREADS=256", "-DVECTOR=8", "-DFACTOR=2"],
  },
  { header: "philox.h", kernels: "philox.cu.h", definitions: [] },
];

it.each(cases)("torch's own compiler makes all kernels of $header for a GPU: $definitions", async ({
  header,
  kernels,
  definitions,
}) => {
  const code = await compile(kernels, definitions);
  const calls = await readFile(path.join(operators, header), "utf8");
  const launched = [...calls.matchAll(/launch\w*\(([^,]*),/g)].flatMap(([, name]) =>
    [...(name as string).matchAll(/"(\w+)"/g)].map(([, word]) => word as string),
  );
  expect(launched.length).toBeGreaterThan(1);
  for (const name of launched) expect(code.includes(`.text.${name}\0`)).toBe(true);
});

it("says what is wrong with a kernel that does not compile", async () => {
  await expect(compile("group_norm.cu.h", [...groupNorm, "-Dfloat=nothing"])).rejects.toThrow(/error/);
});
