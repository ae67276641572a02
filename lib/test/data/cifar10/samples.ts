import { createRandom } from "../../../src/random.js";

/** A batch of `count` random records in the binary format, with what it holds. */
export function makeBatch(count: number, seed: number) {
  const random = createRandom(seed);
  const bytes = Buffer.alloc(count * 3073);
  for (let index = 0; index < bytes.length; index++) bytes[index] = random.integer(0, 255);
  const labels = Array.from({ length: count }, () => random.integer(0, 9));
  for (const [record, label] of labels.entries()) bytes[record * 3073] = label;
  return { bytes, labels };
}

/** A ustar archive, written after the standard and not with our reader's code in mind. */
export function makeTar(
  entries: { name: string; bytes: Uint8Array; type?: string; prefix?: string }[],
): Buffer {
  const blocks = entries.flatMap(({ name, bytes, type = "0", prefix = "" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\0", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(type, 156);
    header.write("ustar\x0000", 257, "latin1");
    header.write(prefix, 345, 155);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
