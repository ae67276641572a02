import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cifar10 } from "../../../src/data/cifar10/cifar10.js";
import { downloadFile } from "../../../src/data/cifar10/download.js";
import { makeBatch, makeTar } from "./samples.js";

const names = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
const content = gzipSync(
  makeTar(names.map((name, index) => ({ name: `${name}.bin`, bytes: makeBatch(2, index).bytes }))),
);

let folder: string;
let target: string;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];
let remote: { url: string; size: number; md5: string };
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "latentlab-download-"));
  target = path.join(folder, "data", "file");
  ranges = [];
  answer = sendRange;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  remote = { url, size: content.length, md5: createHash("md5").update(content).digest("hex") };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

function sendRange(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start > 0)
    response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  response.writeHead(start > 0 ? 206 : 200).end(content.subarray(start));
}
/** What has come while nobody loads it. */
const partial = () => `${target}.latentlab.incomplete`;
const files = async () => (await readdir(path.dirname(target)).catch(() => [])).sort();

describe("downloadFile", () => {
  it("downloads, reports how far it is, and leaves nothing but the file", async () => {
    const progress: number[] = [];
    await downloadFile(remote, target, { onProgress: (received) => progress.push(received) });
    expect(await readFile(target)).toEqual(content);
    expect(await files()).toEqual(["file"]);
    expect(progress.at(-1)).toBe(content.length);
  });

  it("goes on from where a broken connection stopped it", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 5000));
    };
    const onProgress = (received: number) => {
      if (received === 5000) server.closeAllConnections();
    };
    await expect(downloadFile(remote, target, { onProgress })).rejects.toMatchObject({
      code: "ERR_DOWNLOAD_FAILED",
      message: expect.stringContaining("goes on from where it stopped"),
    });
    expect(await files()).toEqual(["file.latentlab.incomplete"]);
    answer = sendRange;
    await downloadFile(remote, target);
    // Two more tries, in vain, and the next call.
    expect(ranges).toEqual([undefined, ...Array(3).fill("bytes=5000-")]);
    expect(await readFile(target)).toEqual(content);
  });

  it("starts over with a server that knows no ranges", async () => {
    await downloadFile(remote, target);
    await rm(target);
    await writeFile(partial(), content.subarray(0, 700));
    answer = (_request, response) => response.writeHead(200).end(content);
    await downloadFile(remote, target);
    expect(await readFile(target)).toEqual(content);
  });

  it("needs no server where only the renaming was missing, and starts over from a file that is too long", async () => {
    await downloadFile(remote, target);
    await rm(target);
    await writeFile(partial(), content);
    await downloadFile(remote, target);
    expect(ranges).toEqual([undefined]);
    await rm(target);
    await writeFile(partial(), Buffer.concat([content, content]));
    await downloadFile(remote, target);
    expect(ranges).toEqual([undefined, undefined]);
    expect(await readFile(target)).toEqual(content);
  });

  it.each<[string, typeof answer]>([
    ["404", (_request, response) => void response.writeHead(404).end("no")],
    ["500", (_request, response) => void response.writeHead(500).end("no")],
    [
      "another range",
      (_request, response) => void response.writeHead(206, { "content-range": "bytes 5-9/10" }).end("12345"),
    ],
    ["half a file", (_request, response) => void response.writeHead(200).end(content.subarray(0, 4000))],
    [
      "more than the file",
      (_request, response) => void response.writeHead(200).end(Buffer.concat([content, content])),
    ],
    [
      "a redirect in a circle",
      (_request, response) => void response.writeHead(302, { location: "/file" }).end(),
    ],
    ["nothing at all", (_request, response) => void response.destroy()],
  ])("fails by name when the server answers with %s", async (_what, how) => {
    answer = how;
    await expect(downloadFile(remote, target)).rejects.toMatchObject({ code: "ERR_DOWNLOAD_FAILED" });
    expect(await files()).not.toContain("file");
  });

  it("keeps no file with wrong bytes, and gets it right the next time", async () => {
    const wrong = Buffer.from(content);
    wrong[1000] = (wrong[1000] as number) ^ 1;
    answer = (_request, response) => response.writeHead(200).end(wrong);
    await expect(downloadFile(remote, target)).rejects.toMatchObject({ code: "ERR_DATASET_CHECKSUM" });
    expect(await files()).toEqual([]);
    answer = sendRange;
    await downloadFile(remote, target);
    expect(await files()).toEqual(["file"]);
  });

  it("is done once for two that want the same, and the file is whole for both", async () => {
    const both = [downloadFile(remote, target), downloadFile(remote, target)];
    await Promise.all(both);
    expect(ranges).toHaveLength(1);
    expect(await readFile(target)).toEqual(content);
    expect(await files()).toEqual(["file"]);
  });

  it("stops when it is told to, and keeps what has arrived", async () => {
    const controller = new AbortController();
    answer = (_request, response) => void response.writeHead(200).write(content.subarray(0, 3000));
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(downloadFile(remote, target, { onProgress, signal: controller.signal })).rejects.toThrow(
      "enough",
    );
    expect((await readFile(partial())).length).toBe(3000);
  });
});

describe("cifar10 with download", () => {
  it("announces the size, downloads once, and reads it", async () => {
    const notices: string[] = [];
    const options = { download: true, archive: remote, onNotice: (notice: string) => notices.push(notice) };
    const set = await cifar10(folder, options);
    expect(set.count).toBe(10);
    expect(notices).toEqual([
      expect.stringMatching(/^Downloading CIFAR-10 \(\d\.\d\d MB\) from http.* to .*tar\.gz$/),
    ]);
    expect(await cifar10(folder, options)).toEqual(set);
    expect(ranges).toHaveLength(1);
    expect(notices).toHaveLength(1);
  });
});
