import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readKernels } from "./read-kernels.js";

const execute = promisify(execFile);

export interface Program {
  /** A scratch folder, the caller's to remove. */
  folder: string;
  run(parameters: string[]): Promise<void>;
}

/**
 * Compiles a program of this folder together with the GPU kernels of a header, for the CPU.
 *
 * @param definitions for the preprocessor, such as `-DVECTOR=8`
 */
export async function compileForCpu(
  source: string,
  kernelHeader: string,
  definitions: string[] = [],
): Promise<Program> {
  const folder = await mkdtemp(path.join(tmpdir(), "latentlab-gpu-kernels-"));
  for (const file of ["cuda-on-cpu.h", source]) {
    await copyFile(path.join(import.meta.dirname, file), path.join(folder, file));
  }
  await writeFile(path.join(folder, "kernels.h"), await readKernelsForCpu(kernelHeader));
  const program = path.join(folder, "program");
  const options = ["-std=c++20", "-O1", "-w", "-pthread", ...definitions];
  await execute("g++", [...options, path.join(folder, source), "-o", program]);
  return {
    folder,
    async run(parameters) {
      await execute(program, parameters);
    },
  };
}

/** The kernels' text, with its one machine instruction replaced by a function of the same effect. */
async function readKernelsForCpu(header: string): Promise<string> {
  return (await readKernels(header)).replace(
    /asm\("cvt\.rn\.bf16x2.*?\);/s,
    "words[i] = packBfloat16(values[2 * i + 1], values[2 * i]);",
  );
}

export async function readFloats(file: string): Promise<Float32Array> {
  return new Float32Array(new Uint8Array(await readFile(file)).buffer);
}
