import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { cifar10, imageFolder, openImageFolder } from "../src/data/index.js";
import { loadLatents, makeLatentCache, saveLatents } from "../src/diffusion/index.js";
import { loadAutoencoderKL } from "../src/pretrained/index.js";
import { makeBatch, makeTar } from "./data/cifar10/samples.js";
import { useEngine } from "./engines.js";
import { normal } from "./gradient-check.js";
import { fixtures, useTemporaryFolder } from "./pretrained/helpers.js";
import { type HubServer, startHubServer } from "./pretrained/hub-server.js";

const folder = useTemporaryFolder();
beforeAll(() => useEngine("wasm"));

/** What this process has open, by its kind: files by their path, connections by their number. */
async function openHandles(): Promise<string[]> {
  const numbers = await fs.readdir("/proc/self/fd");
  const links = numbers.map((number) => fs.readlink(`/proc/self/fd/${number}`).catch(() => undefined));
  return (await Promise.all(links)).filter(
    (link) => link !== undefined && !link.startsWith("/proc"),
  ) as string[];
}

/** Once to set things up, then three times, after which no more may be open than before. */
async function expectNothingLeftOpen(work: () => Promise<void>): Promise<void> {
  await work();
  const before = (await openHandles()).length;
  for (let time = 0; time < 3; time++) await work();
  // Connections close a little later than the server that has ended them.
  await vi.waitFor(async () => expect((await openHandles()).length).toBeLessThanOrEqual(before));
  expect((await openHandles()).filter((link) => link.startsWith(folder.path))).toEqual([]);
}

async function loadAndDispose(source: string, options = {}): Promise<void> {
  (await loadAutoencoderKL(source, options)).dispose();
}

describe.runIf(process.platform === "linux")("nothing stays open after", () => {
  it("the counter sees an open file", async () => {
    const before = await openHandles();
    const handle = await fs.open(import.meta.filename);
    expect((await openHandles()).length).toBe(before.length + 1);
    await handle.close();
    expect(await openHandles()).toHaveLength(before.length);
  });

  it("a model that was loaded, whole or in parts", async () => {
    await expectNothingLeftOpen(async () => {
      await loadAndDispose(path.join(fixtures, "sd1"));
      await loadAndDispose(path.join(fixtures, "attention"));
    });
  });

  it.each([
    ["sd1", "diffusion_pytorch_model.safetensors"],
    ["attention", "diffusion_pytorch_model-00003-of-00007.safetensors"],
  ])("a model whose weights are cut off or missing (%s)", async (name, file) => {
    await expectNothingLeftOpen(async () => {
      const broken = path.join(folder.path, name);
      await fs.cp(path.join(fixtures, name), broken, { recursive: true });
      await fs.truncate(path.join(broken, file), 3000);
      await expect(loadAutoencoderKL(broken)).rejects.toMatchObject({ name: "WeightsError" });
      await fs.rm(path.join(broken, file));
      await expect(loadAutoencoderKL(broken)).rejects.toMatchObject({ name: "WeightsError" });
      await fs.rm(broken, { recursive: true });
    });
  });

  it("a download from a hub that ended, broke off or was aborted", async () => {
    const [repository, name] = ["owner/small-vae", "diffusion_pytorch_model.safetensors"];
    const files = ["config.json", name].map(
      async (file) => [file, await fs.readFile(path.join(fixtures, "sd1", file))] as const,
    );
    const content = new Map(await Promise.all(files));
    const half = (content.get(name) as Buffer).subarray(0, 50_000);
    await expectNothingLeftOpen(async () => {
      const hub: HubServer = await startHubServer(repository, content);
      const options = {
        endpoint: hub.endpoint,
        cacheFolder: path.join(folder.path, "hub"),
        report: () => {},
      };
      const stop = new AbortController();
      try {
        hub.misbehave = ({ url = "" }, response) => {
          if (!url.endsWith(name)) return false;
          response.writeHead(200, { "Content-Length": (content.get(name) as Buffer).length });
          response.write(half);
          setTimeout(() => response.destroy(), 20);
          return true;
        };
        await expect(loadAutoencoderKL(repository, options)).rejects.toMatchObject({
          code: "ERR_HUB_INCOMPLETE",
        });
        hub.misbehave = ({ url = "" }) => {
          if (!url.endsWith(name)) return false;
          setTimeout(() => stop.abort(new Error("enough")), 20);
          return true; // and never answers
        };
        await expect(loadAutoencoderKL(repository, { ...options, signal: stop.signal })).rejects.toThrow(
          "enough",
        );
        hub.misbehave = () => false;
        await loadAndDispose(repository, options);
      } finally {
        await hub.close();
        await fs.rm(options.cacheFolder, { recursive: true, force: true });
      }
    });
  });

  it("folders of pictures, read at once, from a cache, one by one, and broken ones", async () => {
    const pictures = path.join(folder.path, "pictures");
    await fs.mkdir(pictures);
    const create = { width: 9, height: 7, channels: 3 as const, background: { r: 200, g: 0, b: 0 } };
    for (const name of ["a", "b"]) await sharp({ create }).toFile(path.join(pictures, `${name}.png`));
    await fs.writeFile(path.join(pictures, "c.png"), "no picture");
    const cache = path.join(folder.path, "cache");
    await expectNothingLeftOpen(async () => {
      await fs.rm(cache, { force: true });
      for (let time = 0; time < 2; time++) await imageFolder(pictures, { size: 8, cache });
      await fs.truncate(cache, 100);
      await imageFolder(pictures, { size: 8, cache });
      await expect(imageFolder(pictures, { size: 8, onBadFile: "throw" })).rejects.toThrow(/c\.png/);
      const source = await openImageFolder(pictures, { size: 8 });
      await source.read(0);
      await expect(source.read(2)).rejects.toThrow(/c\.png/);
    });
  });

  it("CIFAR-10 from an archive, from a damaged one, and downloaded", async () => {
    const names = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
    const tar = makeTar(names.map((name, index) => ({ name, bytes: makeBatch(2, index).bytes })));
    const archive = gzipSync(tar);
    const md5 = createHash("md5").update(archive).digest("hex");
    const file = path.join(folder.path, "archive.tar.gz");
    const remoteName = "file.tar.gz";
    await expectNothingLeftOpen(async () => {
      await fs.writeFile(file, archive);
      await cifar10(file, { md5 });
      await fs.truncate(file, archive.length - 50);
      await expect(cifar10(file, { md5: false })).rejects.toMatchObject({ name: "DataError" });
      const hub = await startHubServer("owner/data", new Map([[remoteName, archive]]));
      const url = `${hub.endpoint}/owner/data/resolve/0123456789abcdef0123456789abcdef01234567/${remoteName}`;
      const target = path.join(folder.path, "cifar");
      const options = { download: true, onNotice: () => {} };
      await cifar10(target, { ...options, archive: { url, size: archive.length, md5 } });
      await fs.rm(target, { recursive: true });
      const wrong = { url, size: archive.length, md5: "0".repeat(32) };
      await expect(cifar10(target, { ...options, archive: wrong })).rejects.toMatchObject({
        name: "DataError",
      });
      await hub.close();
      await fs.rm(target, { recursive: true });
    });
  });

  it("latents that were saved and loaded, and damaged ones", async () => {
    const shape = [4, 2, 2, 3];
    const mean = { data: normal(shape, 1).dataSync() as Float32Array, shape };
    const place = path.join(folder.path, "latents");
    await expectNothingLeftOpen(async () => {
      await saveLatents(place, makeLatentCache(mean));
      await loadLatents(place);
      await fs.truncate(path.join(place, "latents.safetensors"), 50);
      await expect(loadLatents(place)).rejects.toMatchObject({ name: "WeightsError" });
    });
  });
});
