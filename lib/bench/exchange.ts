import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as tf from "@tensorflow/tfjs-core";
import type { BenchmarkModel } from "./models/model.js";

interface Entry {
  name: string;
  shape: number[];
  /** Of its first number, counted in numbers. */
  offset: number;
}

/**
 * Writes a model's start values and inputs where PyTorch can read them: float32 numbers one after the other, and a JSON
 * file that says which is what.
 *
 * @returns the JSON file
 */
export function writeModelData(
  folder: string,
  model: Pick<BenchmarkModel, "parameters" | "inputs" | "learningRate">,
): string {
  const valuesFile = path.join(folder, "values.f32");
  const file = openSync(valuesFile, "w");
  let count = 0;
  const append = (name: string, shape: number[], values: Float32Array): Entry => {
    writeAll(file, values);
    const entry = { name, shape, offset: count };
    count += values.length;
    return entry;
  };
  try {
    const parameters = Object.entries(model.parameters).map(([name, variable]) =>
      append(name, variable.shape, variable.dataSync() as Float32Array),
    );
    const inputs = Object.entries(model.inputs).map(([name, { shape, values }]) =>
      append(name, shape, values),
    );
    const manifest = {
      values: path.basename(valuesFile),
      count,
      learningRate: model.learningRate,
      parameters,
      inputs,
    };
    const manifestFile = path.join(folder, "model.json");
    writeFileSync(manifestFile, JSON.stringify(manifest));
    return manifestFile;
  } finally {
    closeSync(file);
  }
}

/** Gradients that PyTorch wrote, in the order and the shapes of the parameters. */
export function readGradients(
  file: string,
  parameters: Record<string, tf.Variable>,
): Record<string, Float32Array> {
  const bytes = readFileSync(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let start = 0;
  const gradients: Record<string, Float32Array> = {};
  for (const [name, { size }] of Object.entries(parameters)) {
    gradients[name] = values.subarray(start, start + size);
    start += size;
  }
  return gradients;
}

/** A folder for such files, and its removal. L's values take 340 MB. */
export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "latentlab-bench-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function writeAll(file: number, values: Float32Array): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}
