import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LatentlabError } from "../../src/errors.js";
import { fetchModel } from "../../src/pretrained/hub/index.js";
import { useTemporaryFolder } from "./helpers.js";
import { commit, type HubServer, sendJson, startHubServer } from "./hub-server.js";

const repository = "owner/small-vae";
const index = "diffusion_pytorch_model.safetensors.index.json";
const folder = useTemporaryFolder();
const files = new Map<string, Buffer>();
let hub: HubServer;
beforeEach(async () => {
  files.clear();
  hub = await startHubServer(repository, files);
});
afterEach(() => hub.close());

/** Names as an attacker would choose them, and as nobody would. */
const piece = fc.oneof(
  fc.constantFrom("..", ".", "/", "\\", "\0", "%2e%2e", "%2f", "~", "C:", "\n", "#", "?", "\ud800", "é"),
  fc.constantFrom("config.json", index, "vae", "x".repeat(300), "blobs", "refs"),
  fc.string({ unit: "binary" }),
);
const hostileName = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join("")),
  fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join("/")),
);
const hostileValue = fc.oneof(hostileName, fc.jsonValue(), fc.constant(undefined));

/** A load ends well or in a named error, and whatever it has written lies in the repository's folder of the cache. */
async function requireContained(): Promise<unknown> {
  const root = await mkdtemp(path.join(folder.path, "root-"));
  const cacheFolder = path.join(root, "a", "b", "cache");
  await mkdir(cacheFolder, { recursive: true });
  const outcome = await fetchModel(repository, {
    endpoint: hub.endpoint,
    cacheFolder,
    report: () => {},
  }).catch((error: unknown) => error);
  if (outcome instanceof Error && !(outcome instanceof LatentlabError)) throw outcome;
  const inside = path.join(cacheFolder, "models--owner--small-vae");
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const place = path.join(entry.parentPath, entry.name);
    expect(place.startsWith(inside + path.sep)).toBe(true);
    expect((await realpath(place)).startsWith((await realpath(inside)) + path.sep)).toBe(true);
  }
  await rm(root, { recursive: true });
  return outcome;
}

it("describes files with hostile names, checksums and sizes", async () => {
  files.set("config.json", Buffer.from("{}"));
  files.set("diffusion_pytorch_model.safetensors", Buffer.alloc(100));
  const change = fc.record(
    {
      path: hostileValue,
      oid: hostileValue,
      size: hostileValue,
      lfs: fc.oneof(hostileValue, fc.record({ oid: hostileValue })),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(change, async (changed) => {
      hub.describe = (file) => ({ ...file, ...changed });
      await requireContained();
    }),
    { numRuns: 60 },
  );
});

it("answers its questions with anything", async () => {
  files.set("config.json", Buffer.from("{}"));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/revision/", "/paths-info/"),
      fc.oneof(fc.jsonValue(), fc.record({ sha: hostileValue }), fc.array(fc.record({ path: hostileValue }))),
      async (question, answer) => {
        hub.misbehave = (request, response) => {
          if (!request.url?.includes(question)) return false;
          sendJson(response, answer);
          return true;
        };
        expect(await requireContained()).toBeInstanceOf(LatentlabError);
      },
    ),
    { numRuns: 60 },
  );
});

it("lists parts with hostile names, and has them all", async () => {
  files.set("config.json", Buffer.from("{}"));
  const ending = fc.constantFrom(".safetensors", "");
  const parts = fc.array(fc.tuple(hostileName, ending), { minLength: 1, maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(parts, async (names) => {
      for (const name of [...files.keys()]) if (name !== "config.json") files.delete(name);
      const list = names.map(([name, end]) => name + end);
      for (const name of list) files.set(name, Buffer.from(`of ${name}`));
      files.set(index, Buffer.from(JSON.stringify({ weight_map: { ...list } })));
      await requireContained();
    }),
    {
      numRuns: 60,
      examples: ["\ud800", "x".repeat(300), "a#b?c%2f", "../x"].map((name) => [[[name, ".safetensors"]]]),
    },
  );
});

it("loads a part whose name means something in an address", async () => {
  files.set("config.json", Buffer.from("{}"));
  files.set("a#b%2f.safetensors", Buffer.from("part"));
  files.set(index, Buffer.from('{"weight_map": {"x": "a#b%2f.safetensors"}}'));
  expect(await requireContained()).toMatchObject({ commit });
});
