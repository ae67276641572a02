import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { DataError } from "../../errors.js";
import { runBounded } from "../run-bounded.js";
import { type Decoding, loadImage } from "./load-image.js";

/** A file that could not be read as a picture, and why. */
export interface BadFile {
  file: string;
  code: "ERR_IMAGE_BROKEN" | "ERR_IMAGE_TOO_LARGE";
  message: string;
}

/** The decoded files of a folder; names are relative to it. */
export interface DecodedFolder {
  names: string[];
  badFiles: { name: string; code: BadFile["code"]; message: string }[];
  /** `[names, size, size, 3]` */
  pixels: Uint8Array;
}

/** Decodes all files, `concurrency` at a time. Bad ones are listed, or, if `onBadFile` is "throw", thrown. */
export async function decodeFolder(
  folder: string,
  names: readonly string[],
  decoding: Decoding,
  options: { onBadFile: "list" | "throw"; concurrency: number; signal?: AbortSignal | undefined },
): Promise<DecodedFolder> {
  const pictureSize = decoding.size ** 2 * 3;
  const pixels = new Uint8Array(names.length * pictureSize);
  const errors = new Map<number, DataError>();
  const decode = async (index: number) => {
    const name = names[index] as string;
    try {
      pixels.set(await loadImage(path.join(folder, name), name, decoding), index * pictureSize);
    } catch (error) {
      if (options.onBadFile === "throw" || !(error instanceof DataError)) throw error;
      errors.set(index, error);
    }
  };
  await runBounded(names.length, options.concurrency, decode, options.signal);
  const first = errors.get(Math.min(...errors.keys()));
  if (first && errors.size === names.length) throw first; // no picture is left
  return {
    names: names.filter((_, index) => !errors.has(index)),
    badFiles: [...errors]
      .sort(([first], [second]) => first - second)
      .map(([index, { code, message }]) => {
        return { name: names[index] as string, code: code as BadFile["code"], message };
      }),
    pixels: errors.size === 0 ? pixels : closeGaps(pixels, pictureSize, errors),
  };
}

/** Moves the good pictures together, in place. */
function closeGaps(
  pixels: Uint8Array,
  pictureSize: number,
  gaps: { has(index: number): boolean },
): Uint8Array {
  let kept = 0;
  for (let index = 0; index * pictureSize < pixels.length; index++) {
    if (gaps.has(index)) continue;
    pixels.copyWithin(kept * pictureSize, index * pictureSize, (index + 1) * pictureSize);
    kept += 1;
  }
  return pixels.slice(0, kept * pictureSize);
}

/** Changes whenever a file is added, removed, renamed or written to, and with every option that the pixels depend on. */
export async function keyOf(folder: string, names: readonly string[], decoding: Decoding): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(["latentlab images 1", decoding]));
  const lines = new Array<string>(names.length);
  await runBounded(names.length, 32, async (index) => {
    const name = names[index] as string;
    const status = await fs.stat(path.join(folder, name)).catch(() => undefined); // a link to nothing
    lines[index] = JSON.stringify([name, status?.size, status?.mtimeMs]);
  });
  return hash.update(lines.join("\n")).digest("hex");
}
