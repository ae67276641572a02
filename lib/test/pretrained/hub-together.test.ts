import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchModel } from "../../src/pretrained/hub/index.js";
import { useTemporaryFolder } from "./helpers.js";
import { type HubServer, startHubServer } from "./hub-server.js";

const repository = "owner/small-vae";
const weights = Buffer.alloc(300_000, "weights");
const folder = useTemporaryFolder();
let hub: HubServer;
/** Lets the second half of the weights go. */
let finish: () => void;
/** The connections on which the weights are being sent: `true` once one has been cut by the other side. */
let cut: boolean[];

beforeEach(async () => {
  hub = await startHubServer(
    repository,
    new Map([
      ["config.json", Buffer.from("{}")],
      ["diffusion_pytorch_model.safetensors", weights],
    ]),
  );
  cut = [];
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  hub.misbehave = (request, response) => {
    if (!request.url?.includes("/resolve/") || !request.url.endsWith(".safetensors")) return false;
    const index = cut.push(false) - 1;
    response.on("close", () => {
      cut[index] = !response.writableFinished;
    });
    const start = Number(request.headers.range?.match(/\d+/)?.[0] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      "Content-Length": weights.length - start,
      ...(start > 0 && { "Content-Range": `bytes ${start}-${weights.length - 1}/${weights.length}` }),
    });
    response.write(weights.subarray(start, 150_000));
    finished.then(() => response.end(weights.subarray(Math.max(start, 150_000))));
    return true;
  };
});
afterEach(() => hub.close());

const fetch = (signal?: AbortSignal, from = fetchModel) =>
  from(repository, {
    endpoint: hub.endpoint,
    cacheFolder: folder.path,
    report: () => {},
    ...(signal && { signal }),
  });
const connections = (count: number) => vi.waitFor(() => expect(cut.length).toBe(count));
const bothWait = async () => {
  await connections(1);
  await vi.waitFor(() => expect(hub.requests.filter((text) => text.includes("/paths-info/")).length).toBe(2));
  await sleep(300); // from the answer to joining the download
};
const requireWeights = async (model: { weightsFile: string }) =>
  expect((await readFile(model.weightsFile)).equals(weights)).toBe(true);

describe("two loads of one file", () => {
  it.each(["first", "second"])("go on for the other one where the %s is stopped", async (stopped) => {
    const [first, second] = [new AbortController(), new AbortController()];
    const loads = [fetch(first.signal), fetch(second.signal)];
    await bothWait();
    const [stop, out, stays] =
      stopped === "first" ? [first, loads[0], loads[1]] : [second, loads[1], loads[0]];
    stop.abort();
    await expect(out).rejects.toMatchObject({ name: "AbortError" });
    expect(cut).toEqual([false]);
    finish();
    await requireWeights((await stays) as { weightsFile: string });
    expect(cut).toEqual([false]);
  });

  it("are given up when both are stopped, and go on in the next call", async () => {
    const stops = [new AbortController(), new AbortController()];
    const loads = stops.map(({ signal }) => fetch(signal));
    await bothWait();
    for (const stop of stops) stop.abort();
    for (const result of await Promise.allSettled(loads)) {
      expect(result).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
    }
    await vi.waitFor(() => expect(cut).toEqual([true]));
    finish();
    await requireWeights(await fetch());
    expect(hub.requests.at(-1)).toMatch(/ bytes=\d{5,6}-$/);
  });

  it("do not get in each other's way in two processes", async () => {
    vi.resetModules(); // as another process: it knows nothing of this one's downloads
    const { fetchModel: other } = await import("../../src/pretrained/hub/index.js");
    const loads = [fetch(), fetch(undefined, other)];
    await connections(2);
    finish();
    for (const load of loads) await requireWeights(await load);
    const blobs = await readdir(path.join(folder.path, "models--owner--small-vae", "blobs"));
    expect(blobs.filter((name) => name.includes("incomplete"))).toEqual([]);
  });
});
