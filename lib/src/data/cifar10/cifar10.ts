import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ConfigError, DataError } from "../../errors.js";
import { requirePath } from "../../options.js";
import type { ImageSet } from "../image-set.js";
import { cifar10Classes, cifarSize, countRecords, unpackBatch } from "./batch.js";
import { verifyMd5 } from "./checksum.js";
import { type DownloadOptions, downloadFile, type RemoteFile } from "./download.js";
import { readTar } from "./tar.js";

/** The "binary version (suitable for C programs)"; the data set's page, https://www.cs.toronto.edu/~kriz/cifar.html, has its MD5. */
export const cifar10Archive: RemoteFile = {
  url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
  size: 170_052_171,
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
};
const archiveName = "cifar-10-binary.tar.gz";
const batchFolder = "cifar-10-batches-bin";
const batchNames = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ["test_batch.bin"],
};
/** In bytes. A true batch has 30,730,000, the whole archive unpacked 184 million. */
const limits = { fileBytes: 100e6, archiveBytes: 1e9 };

export interface Cifar10Options extends DownloadOptions {
  /** `"train"`: 50,000 pictures, `"test"`: 10,000. */
  split?: "train" | "test";
  /** Whether to download the archive (170 MB) into the folder where the data set is not there yet. */
  download?: boolean;
  /** MD5 that an archive must have; `false` takes any. Default: that of the published archive. */
  md5?: string | false;
  /** Where the archive is downloaded from, if not from the data set's own page. */
  archive?: RemoteFile;
  /** Told what is downloaded, how much and where to, before it begins. Default: `console.info`. */
  onNotice?: (notice: string) => void;
}

/**
 * Loads CIFAR-10 (Krizhevsky 2009): 32 x 32 photographs of ten classes. Nothing is downloaded unless `download` says so.
 *
 * @param source a folder with the files of the binary version (`data_batch_1.bin` ... `test_batch.bin`), the folder that
 *   `cifar-10-batches-bin` or `cifar-10-binary.tar.gz` lies in, or that archive itself, which need not be unpacked
 * @returns RGB pictures `[count, 32, 32, 3]` with `labels` and `classNames`
 * @throws ConfigError for an option out of range
 * @throws DataError `ERR_DATASET_NOT_FOUND`, `ERR_DATASET_INCOMPLETE` (a batch is missing), `ERR_DATASET_FORMAT` (wrong
 *   length, label above 9, damaged archive), `ERR_DATASET_CHECKSUM`, `ERR_DOWNLOAD_FAILED`
 */
export async function cifar10(source: string, options: Cifar10Options = {}): Promise<ImageSet> {
  const { split = "train", signal } = options;
  requirePath("source", source);
  const names = batchNames[split];
  if (!names) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `split has to be "train" or "test", not ${JSON.stringify(split)}.`,
    );
  }
  const place = await findData(source, names, options);
  const batches = place.isArchive
    ? await readArchive(place.path, names, options)
    : await readFolder(place.path, names, signal);
  return joinBatches(batches);
}

interface Batch {
  file: string;
  bytes: Buffer;
}

function joinBatches(batches: Batch[]): ImageSet {
  const counts = batches.map(({ bytes, file }) => countRecords(bytes, file));
  const count = counts.reduce((sum, records) => sum + records, 0);
  const pixels = new Uint8Array(count * cifarSize * cifarSize * 3);
  const labels = new Uint8Array(count);
  let start = 0;
  for (const [index, { bytes, file }] of batches.entries()) {
    unpackBatch(bytes, file, pixels.subarray(start * cifarSize * cifarSize * 3), labels.subarray(start));
    start += counts[index] as number;
  }
  return { count, shape: [cifarSize, cifarSize, 3], pixels, labels, classNames: cifar10Classes };
}

interface Place {
  path: string;
  isArchive: boolean;
}

/** Where the data set lies, after a download if need be. */
async function findData(source: string, names: string[], options: Cifar10Options): Promise<Place> {
  if (await isFile(source)) return { path: source, isArchive: true };
  const archive = path.join(source, archiveName);
  for (const folder of [source, path.join(source, batchFolder)]) {
    const present = await Promise.all(names.map((name) => isFile(path.join(folder, name))));
    if (present.includes(true)) return { path: folder, isArchive: false };
  }
  if (await isFile(archive)) return { path: archive, isArchive: true };
  if (!options.download) {
    throw new DataError(
      "ERR_DATASET_NOT_FOUND",
      `There is no CIFAR-10 in ${path.resolve(source)}: neither ${names[0]} nor ${archiveName}. Get the binary version from https://www.cs.toronto.edu/~kriz/cifar.html, or let cifar10(folder, { download: true }) do it (170 MB).`,
    );
  }
  const remote = options.archive ?? cifar10Archive;
  const megabytes = (remote.size / 1e6).toFixed(remote.size < 1e6 ? 2 : 0);
  const notify = options.onNotice ?? console.info;
  notify(`Downloading CIFAR-10 (${megabytes} MB) from ${remote.url} to ${path.resolve(archive)}`);
  await downloadFile(remote, archive, options);
  return { path: archive, isArchive: true };
}

async function isFile(name: string): Promise<boolean> {
  try {
    return (await fs.stat(name)).isFile();
  } catch {
    return false;
  }
}

async function readFolder(
  folder: string,
  names: string[],
  signal: AbortSignal | undefined,
): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (const name of names) {
    signal?.throwIfAborted();
    const file = path.join(folder, name);
    if (!(await isFile(file))) throw missing(name, folder);
    const { size } = await fs.stat(file);
    if (size > limits.fileBytes) {
      throw new DataError(
        "ERR_DATASET_FORMAT",
        `${file} has ${size} bytes; a batch has 30,730,000. Get it again.`,
        file,
      );
    }
    batches.push({ file, bytes: await fs.readFile(file) });
  }
  return batches;
}

async function readArchive(
  archive: string,
  names: string[],
  { archive: remote = cifar10Archive, md5 = remote.md5, signal }: Cifar10Options,
): Promise<Batch[]> {
  if (md5 !== false) await verifyMd5(archive, md5, signal);
  const isWanted = (name: string) => names.includes(path.posix.basename(name));
  const found = new Map<string, Buffer>();
  try {
    await pipeline(
      createReadStream(archive),
      createGunzip(),
      async (chunks: AsyncIterable<Uint8Array>) => {
        const files = await readTar(chunks, isWanted, limits, archive);
        for (const [name, bytes] of files) found.set(path.posix.basename(name), bytes);
      },
      signal ? { signal } : {},
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DataError) throw error;
    throw new DataError(
      "ERR_DATASET_FORMAT",
      `${archive} is no intact gzip file: ${(error as Error).message}. Get it again.`,
      archive,
      { cause: error },
    );
  }
  return names.map((name) => {
    const bytes = found.get(name);
    if (!bytes) throw missing(name, archive);
    return { file: `${archive}:${name}`, bytes };
  });
}

function missing(name: string, place: string): DataError {
  return new DataError(
    "ERR_DATASET_INCOMPLETE",
    `${name} is missing in ${place}. Unpack the archive again; all of its batches belong together.`,
    name,
  );
}
