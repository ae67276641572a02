import fs from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { downloadFile } from "../../src/data/cifar10/download.js";
import { writeCache } from "../../src/data/image-folder/cache.js";
import { makeLatentCache, saveLatents } from "../../src/diffusion/index.js";
import { createAutoencoderKL, saveAutoencoderKL } from "../../src/index.js";
import { floatTensor, writeAtomically, writeSafetensors } from "../../src/safetensors/index.js";
import { type Run, train } from "../../src/train/index.js";
import { openMetricsFile } from "../../src/train/metrics-file.js";
import { useEngine } from "../engines.js";
import { useTemporaryFolder } from "../pretrained/helpers.js";
import { makeTiny } from "../train/tiny-training.js";
import { limitDisk } from "./small-disk.js";

const folder = useTemporaryFolder();
const at = (...names: string[]) => path.join(folder.path, ...names);
const filesIn = async (place: string) => (await fs.readdir(place, { recursive: true })).sort();
afterEach(() => {
  vi.restoreAllMocks();
});

/** Names the place and its folder, the room that is left, and what to do. */
const isFull = (place: string) =>
  expect.objectContaining({
    name: "DiskError",
    code: "ERR_DISK_FULL",
    path: place,
    message: expect.stringMatching(/ cannot be written: the disk of .* \(\d+\.\d MB are free\)\. Make room/),
    cause: expect.objectContaining({ code: "ENOSPC" }),
  });

describe("on a full disk", () => {
  it("a file stays as it was, and nothing lies beside it", async () => {
    const file = at("file");
    await fs.writeFile(file, "old");
    const writing = writeAtomically(file, async (handle) => {
      await handle.writeFile("half of the new one");
      await fs.writeFile("/dev/full", "the rest"); // a device that always is full
    });
    await expect(writing).rejects.toEqual(isFull(file));
    expect(await fs.readFile(file, "utf8")).toBe("old");
    expect(await filesIn(folder.path)).toEqual(["file"]);
  });

  it("other errors stay what they are", async () => {
    const writing = writeAtomically(at("missing", "file"), async () => {});
    await expect(writing).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("weights, latents and caches of pictures are not there by half", async () => {
    const values = new Float32Array(1000);
    const latents = makeLatentCache({ data: values.map((_, index) => index), shape: [10, 5, 5, 4] });
    const writes: [string, () => Promise<void>][] = [
      [
        "weights.safetensors",
        () => writeSafetensors(at("weights.safetensors"), [floatTensor("a", [1000], values)]),
      ],
      ["latents/latents.safetensors", () => saveLatents(at("latents"), latents)],
      ["pictures.cache", () => writeCache(at("pictures.cache"), "key", {}, new Uint8Array(4000))],
    ];
    for (const [file, write] of writes) {
      await limitDisk(3000);
      await expect(write()).rejects.toEqual(isFull(at(...file.split("/"))));
      vi.restoreAllMocks();
      expect(await filesIn(folder.path)).toEqual(file.startsWith("latents/") ? ["latents"] : []);
      await fs.rm(at("latents"), { recursive: true, force: true });
    }
  });

  it("metrics end with a whole line, and the lost ones come with the next", async () => {
    const file = at("metrics.jsonl");
    const metrics = await openMetricsFile(file, 0);
    await metrics.append([{ step: 1 }]);
    await limitDisk(15);
    await expect(metrics.append([{ step: 2 }, { step: 3 }])).rejects.toEqual(isFull(file));
    vi.restoreAllMocks();
    expect(await fs.readFile(file, "utf8")).toBe('{"step":1}\n');
    await metrics.append([{ step: 4 }]);
    await metrics.close();
    expect(await fs.readFile(file, "utf8")).toBe('{"step":1}\n{"step":2}\n{"step":3}\n{"step":4}\n');
  });
});

describe("a download on a full disk", () => {
  const content = Buffer.alloc(3_000_000, "x");
  let server: Server;
  beforeEach(async () => {
    server = createServer((_, response) => response.writeHead(200).end(content));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("says how much the file needs, hangs up, and keeps what has come", async () => {
    const { port } = server.address() as AddressInfo;
    const hungUp = new Promise((resolve) => server.on("connection", (socket) => socket.on("close", resolve)));
    const target = at("file");
    await limitDisk(100_000);
    const downloading = downloadFile(
      { url: `http://127.0.0.1:${port}/file`, size: content.length, md5: "" },
      target,
    );
    await expect(downloading).rejects.toEqual(isFull(target));
    await expect(downloading).rejects.toThrow(/needs 3\.0 MB in all/);
    await hungUp;
    expect(await filesIn(folder.path)).toEqual(["file.latentlab.incomplete"]);
    expect((await fs.stat(at("file.latentlab.incomplete"))).size).toBe(100_000);
  });
});

describe("a training on a full disk", () => {
  beforeAll(() => useEngine("wasm"));

  it("stops with its last checkpoint whole, and goes on from there when there is room", async () => {
    const tiny = makeTiny();
    const options = {
      ...tiny.options,
      folder: at("run"),
      steps: 9,
      reportEvery: 1,
      checkpointEvery: { steps: 3 },
    };
    const steps: number[] = [];
    let whole: string[] = [];
    const checkpoints = () => fs.readdir(at("run", "checkpoints"));
    const running = async () => {
      for await (const { step } of train(options)) {
        steps.push(step);
        if (step !== 4) continue;
        whole = await checkpoints();
        await limitDisk(3000);
      }
    };
    await expect(running()).rejects.toEqual(isFull(at("run", "checkpoints", "000003-step-6")));
    vi.restoreAllMocks();
    expect(steps.at(-1)).toBe(5);
    expect(await checkpoints()).toEqual(whole);
    expect(whole.at(-1)).toBe("000002-step-3");
    expect((await fs.readdir(at("run"))).sort()).toEqual(["checkpoints", "journal.json", "metrics.jsonl"]);
    for await (const { step } of train({ ...options, resume: true })) steps.push(step);
    expect(steps.slice(5)).toEqual([4, 5, 6, 7, 8, 9]);
    tiny.dispose();
  });

  it("whoever asked for a checkpoint is told, and the training goes on", async () => {
    const tiny = makeTiny();
    const run = train({ ...tiny.options, folder: at("run"), steps: 6, reportEvery: 1 }) as Run;
    for await (const { step } of run) {
      if (step !== 3) continue;
      await limitDisk(10);
      await expect(run.checkpoint()).rejects.toThrow(/no room/);
      vi.restoreAllMocks();
    }
    const lines = (await fs.readFile(at("run", "metrics.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4, 5, 6]);
    tiny.dispose();
  });

  it("a model that is saved leaves no half of a file", async () => {
    const model = createAutoencoderKL({
      blockOutChannels: [4],
      layersPerBlock: 1,
      normNumGroups: 1,
    } as never);
    await limitDisk(1000);
    await expect(saveAutoencoderKL(model, at("model"))).rejects.toEqual(
      isFull(at("model", "diffusion_pytorch_model.safetensors")),
    );
    expect(await filesIn(at("model"))).toEqual([]);
    model.dispose();
  });
});
