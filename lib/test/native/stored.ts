import { readFile } from "node:fs/promises";

/** Numbers as a GPU keeps them: float32, or bfloat16 as 16 bits each. */
export type Stored = Float32Array | Uint16Array;

export function toBfloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(
    new Uint32Array(values.buffer),
    (bits) => (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16,
  );
}

export function toFloats(values: Stored): number[] {
  if (values instanceof Float32Array) return Array.from(values);
  return Array.from(new Float32Array(Uint32Array.from(values, (bits) => bits << 16).buffer));
}

export async function readStored(file: string, type: "bfloat16" | "float32"): Promise<Stored> {
  const bytes = new Uint8Array(await readFile(file));
  return type === "bfloat16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
}
