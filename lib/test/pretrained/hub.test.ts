import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, realpath, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { engine } from "../../src/index.js";
import { completeHubOptions, isRepositoryId } from "../../src/pretrained/hub/options.js";
import { type LoadOptions, loadAutoencoderKL } from "../../src/pretrained/index.js";
import { fixtures, useTemporaryFolder } from "./helpers.js";
import { closeServer, commit, type HubServer, sendFile, sendJson, startHubServer } from "./hub-server.js";

const repository = "owner/small-vae";
const weightsPath = "vae/diffusion_pytorch_model.safetensors";
const folder = useTemporaryFolder();
let files: Map<string, Buffer>;
let weights: Buffer;
let hub: HubServer;
let reports: string[] = [];
let tensorsBefore = 0;

beforeAll(async () => {
  await engine.use("wasm");
  weights = await readFile(path.join(fixtures, "sd1/diffusion_pytorch_model.safetensors"));
  files = new Map([
    ["vae/config.json", await readFile(path.join(fixtures, "sd1/config.json"))],
    [weightsPath, weights],
  ]);
  const sharded = path.join(fixtures, "attention");
  for (const name of await readdir(sharded)) {
    if (!name.startsWith("reference")) files.set(`divided/${name}`, await readFile(path.join(sharded, name)));
  }
});
beforeEach(async () => {
  reports = [];
  tensorsBefore = tf.memory().numTensors;
  hub = await startHubServer(repository, files);
});
afterEach(async () => {
  await hub.close();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
  // Whatever happened: nothing outside of the cache, and nothing in it under a name that is not its checksum.
  expect((await readdir(folder.path)).filter((name) => name !== "cache")).toEqual([]);
  for (const name of await readdir(path.join(cache(), "blobs")).catch(() => [])) {
    if (name.endsWith(".incomplete")) continue;
    const bytes = await readFile(path.join(cache(), "blobs", name));
    const hash = createHash(name.length === 64 ? "sha256" : "sha1");
    if (name.length === 40) hash.update(`blob ${bytes.length}\0`);
    expect(hash.update(bytes).digest("hex")).toBe(name);
  }
});

const cache = () => path.join(folder.path, "cache", "models--owner--small-vae");
const options = (more: LoadOptions = {}): LoadOptions => ({
  endpoint: hub.endpoint,
  cacheFolder: path.join(folder.path, "cache"),
  report: (message) => reports.push(message),
  ...more,
});
const load = async (more: LoadOptions = {}) => {
  const model = await loadAutoencoderKL(repository, options(more));
  model.dispose();
  return model;
};
const downloads = () => hub.requests.filter((request) => request.includes("/resolve/"));
const weightsUrl = `/${repository}/resolve/${commit}/${weightsPath}`;
/** Answers for the weights alone, the first so many times. */
const misbehaveOnWeights = (answer: HubServer["misbehave"], times = Number.POSITIVE_INFINITY) => {
  let left = times;
  hub.misbehave = (request, response) => {
    if (request.url !== weightsUrl || left === 0) return false;
    left -= 1;
    return answer(request, response);
  };
};

describe("a model of the hub", () => {
  it("is loaded, with its licence, into the cache that Python's client has, and not asked for again", async () => {
    const model = await load();
    const snapshot = path.join(cache(), "snapshots", commit);
    expect(model.origin).toEqual({
      configFile: path.join(snapshot, "vae/config.json"),
      weightsFile: path.join(snapshot, weightsPath),
      repository,
      commit,
      licence: "mit",
    });
    expect(reports.join("\n")).toContain(`${repository} (commit 0123456789ab): licence mit.`);
    expect(await readFile(path.join(cache(), "refs/main"), "utf8")).toBe(commit);
    expect((await lstat(model.origin.weightsFile)).isSymbolicLink()).toBe(true);
    const blob = createHash("sha256").update(weights).digest("hex");
    expect(await realpath(model.origin.weightsFile)).toBe(await realpath(path.join(cache(), "blobs", blob)));
    expect(downloads().length).toBe(2);
    await load();
    expect(downloads().length).toBe(2);
  });

  it("is loaded in its parts", async () => {
    await load({ subfolder: "divided" });
    expect(downloads().length).toBe(9);
    hub.requests.length = 0;
    await load({ subfolder: "divided", offline: true });
    expect(hub.requests).toEqual([]);
  });

  it("is loaded by commit without a branch", async () => {
    hub.misbehave = (request, response) => {
      if (!request.url?.startsWith(`/api/models/${repository}/revision/${commit}`)) return false;
      sendJson(response, hub.info);
      return true;
    };
    await load({ revision: commit });
    await expect(readdir(path.join(cache(), "refs"))).rejects.toThrow("ENOENT");
    await load({ revision: commit, offline: true });
  });

  it("comes from the cache alone when offline, or says what it lacks", async () => {
    await expect(load({ offline: true })).rejects.toMatchObject({
      name: "HubError",
      code: "ERR_HUB_OFFLINE",
    });
    await load();
    hub.requests.length = 0;
    expect((await load({ offline: true })).origin.commit).toBe(commit);
    await expect(load({ offline: true, variant: "fp16" })).rejects.toMatchObject({ code: "ERR_HUB_OFFLINE" });
    await expect(load({ offline: true, revision: "v2" })).rejects.toMatchObject({ code: "ERR_HUB_OFFLINE" });
    expect(hub.requests).toEqual([]);
  });

  it("comes from the cache, with a sentence, when the hub is in trouble", async () => {
    await load();
    hub.misbehave = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    expect((await load()).origin.commit).toBe(commit);
    expect(reports.join("\n")).toMatch(/cannot be reached; owner\/small-vae comes from the cache.*503/);
  });

  it("is downloaded once where two ask for it at the same time", async () => {
    await Promise.all([load(), load()]);
    expect(downloads().length).toBe(2);
  });

  it("is downloaded again where its blob in the cache has lost bytes", async () => {
    const { origin } = await load();
    await truncate(await realpath(origin.weightsFile), 1000);
    await load();
    expect(downloads().length).toBe(3);
  });
});

describe("a download that breaks off", () => {
  /** Half of what was asked for, then the connection is cut. */
  const half: HubServer["misbehave"] = (request, response) => {
    const start = Number(request.headers.range?.match(/\d+/)?.[0] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      "Content-Length": weights.length - start,
      ...(start > 0 && { "Content-Range": `bytes ${start}-${weights.length - 1}/${weights.length}` }),
    });
    const part = weights.subarray(start, start + Math.ceil((weights.length - start) / 2));
    response.write(part, () => setTimeout(() => response.destroy(), 30));
    return true;
  };

  it("goes on where it stopped", async () => {
    misbehaveOnWeights(half, 1);
    await load();
    expect(downloads().slice(1)).toEqual([
      `GET ${weightsUrl}`,
      `GET ${weightsUrl} bytes=${weights.length / 2}-`,
    ]);
  });

  it("gives up after three tries, and goes on in the next call", async () => {
    misbehaveOnWeights(half);
    await expect(load()).rejects.toMatchObject({ name: "HubError", code: "ERR_HUB_INCOMPLETE" });
    expect(downloads().length).toBe(4);
    hub.misbehave = () => false;
    await load();
    expect(downloads().at(-1)).toMatch(/ bytes=\d{6}-$/);
  });

  it("begins again where the server sends the whole file instead of the rest", async () => {
    misbehaveOnWeights(half, 1);
    const stopped = hub.misbehave;
    hub.misbehave = (request, response) => {
      if (stopped(request, response)) return true;
      if (request.url !== weightsUrl) return false;
      sendFile(response, weights);
      return true;
    };
    await load();
    expect(downloads().length).toBe(3);
  });

  it("stops when it is told to, and keeps what has come", async () => {
    const stop = new AbortController();
    misbehaveOnWeights((_, response) => {
      response.writeHead(200, { "Content-Length": weights.length });
      response.write(weights.subarray(0, 5000), () => setTimeout(() => stop.abort(), 50));
      return true;
    });
    await expect(load({ signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    hub.misbehave = () => false;
    await load();
    expect(downloads().at(-1)).toMatch(/ bytes=5000-$/);
  });
});

describe("the hub's answer", () => {
  it.each([
    [401, "ERR_HUB_DENIED"],
    [403, "ERR_HUB_DENIED"],
    [404, "ERR_HUB_NOT_FOUND"],
    [429, "ERR_HUB_UNAVAILABLE"],
    [500, "ERR_HUB_UNAVAILABLE"],
    [503, "ERR_HUB_UNAVAILABLE"],
    [418, "ERR_HUB_ANSWER"],
  ])("%i, to any of the questions, is %s", async (status, code) => {
    for (const question of ["/revision/", "/paths-info/", "/resolve/"]) {
      hub.misbehave = (request, response) => {
        if (!request.url?.includes(question)) return false;
        response.writeHead(status).end("<html>");
        return true;
      };
      await expect(load(), question).rejects.toMatchObject({
        name: "HubError",
        code,
        url: expect.stringContaining(hub.endpoint),
      });
    }
  });

  it("is none where nobody listens", async () => {
    await expect(load({ endpoint: "http://127.0.0.1:9" })).rejects.toMatchObject({
      code: "ERR_HUB_UNAVAILABLE",
      message: expect.stringContaining("http://127.0.0.1:9 does not answer"),
    });
  });

  it.each([
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["null", "null"],
    ["a number", "1"],
    ["a list", "[]"],
    ["an object", "{}"],
    ["a commit that leads elsewhere", '{"sha": "../../../../tmp"}'],
    ["a list of null", "[null]"],
    ["a list of numbers", "[1]"],
  ])("is %s: refused", async (_, body) => {
    for (const question of ["/revision/", "/paths-info/"]) {
      if (body === "[]" && question === "/paths-info/") continue; // that is: there are no such files
      hub.misbehave = (request, response) => {
        if (!request.url?.includes(question)) return false;
        response.writeHead(200, { "Content-Type": "application/json" }).end(body);
        return true;
      };
      await expect(load(), question).rejects.toMatchObject({ code: "ERR_HUB_ANSWER" });
    }
  });

  it.each([
    ["a path that leads out of the cache", { path: "../../../../x" }],
    ["an absolute path", { path: "/tmp/x" }],
    ["another path", { path: "vae/other.json" }],
    ["a checksum that is a path", { oid: "../../../x", lfs: undefined }],
    ["a large file's checksum that is a path", { lfs: { oid: "../../../x" } }],
    ["a checksum of another length", { oid: "abc", lfs: undefined }],
    ["no checksum", { oid: undefined, lfs: undefined }],
    ["a negative size", { size: -1 }],
    ["a size in words", { size: "12" }],
    ["half a size", { size: 1.5 }],
    ["no size", { size: undefined }],
    ["an absurd size", { size: 2 ** 60 }],
    ["a config of a gigabyte", { size: 2 ** 30 }],
  ])("describes %s: refused", async (_, change) => {
    hub.describe = (file) => ({ ...file, ...change });
    await expect(load()).rejects.toMatchObject({ name: "HubError", code: "ERR_HUB_ANSWER" });
    expect(downloads()).toEqual([]);
  });

  it("has no autoencoder", async () => {
    await expect(load({ subfolder: "unet" })).rejects.toMatchObject({ code: "ERR_WEIGHTS_NOT_FOUND" });
  });

  it("lists parts that it does not have, or that lead out of the folder", async () => {
    const name = "divided/diffusion_pytorch_model.safetensors.index.json";
    const index = files.get(name) as Buffer;
    try {
      files.set(name, Buffer.from('{"weight_map": {"x": "missing.safetensors"}}'));
      await expect(load({ subfolder: "divided" })).rejects.toMatchObject({ code: "ERR_HUB_NOT_FOUND" });
      files.set(name, Buffer.from('{"weight_map": {"x": "../../x.safetensors"}}'));
      await expect(load({ subfolder: "divided" })).rejects.toMatchObject({ code: "ERR_WEIGHTS_INDEX" });
    } finally {
      files.set(name, index);
    }
  });
});

describe("a file", () => {
  it("with the wrong checksum is thrown away", async () => {
    const wrong = Buffer.from(weights);
    wrong[100_000] = (wrong[100_000] as number) ^ 1;
    misbehaveOnWeights((_, response) => {
      sendFile(response, wrong);
      return true;
    });
    await expect(load()).rejects.toMatchObject({ name: "HubError", code: "ERR_HUB_CHECKSUM" });
    expect((await readdir(path.join(cache(), "blobs"))).length).toBe(1); // the config
    await expect(load({ offline: true })).rejects.toMatchObject({ code: "ERR_HUB_OFFLINE" });
    hub.misbehave = () => false;
    await load();
  });

  it.each([
    ["announced as shorter than described", 1000, 0],
    ["announced as longer than described", 1e9, 0],
    ["longer than described, without announcing it", undefined, 1000],
  ])("that is %s is refused", async (_, announced, extra) => {
    misbehaveOnWeights((_request, response) => {
      response.writeHead(200, announced === undefined ? {} : { "Content-Length": announced });
      response.end(
        announced === 1000 ? weights.subarray(0, 1000) : Buffer.concat([weights, Buffer.alloc(extra)]),
      );
      return true;
    });
    await expect(load()).rejects.toMatchObject({ code: "ERR_HUB_ANSWER" });
    hub.misbehave = () => false;
    await load();
  });

  it("that is shorter than described, without announcing it, is incomplete", async () => {
    misbehaveOnWeights((_, response) => {
      response.writeHead(200).end(weights.subarray(0, 1000));
      return true;
    }, 1);
    const first = hub.misbehave;
    hub.misbehave = (request, response) => {
      if (first(request, response)) return true;
      if (request.url !== weightsUrl) return false;
      response
        .writeHead(206, { "Content-Range": `bytes 1000-${weights.length - 1}/${weights.length}` })
        .end();
      return true;
    };
    await expect(load()).rejects.toMatchObject({ code: "ERR_HUB_INCOMPLETE" });
  });

  it("whose rest is another range than the one asked for is refused", async () => {
    const blob = createHash("sha256").update(weights).digest("hex");
    await mkdir(path.join(cache(), "blobs"), { recursive: true });
    await writeFile(path.join(cache(), "blobs", `${blob}.latentlab.incomplete`), weights.subarray(0, 1000));
    misbehaveOnWeights((_, response) => {
      const rest = weights.subarray(500);
      response.writeHead(206, { "Content-Range": `bytes 500-${weights.length - 1}/${weights.length}` });
      response.end(rest);
      return true;
    });
    await expect(load()).rejects.toMatchObject({ code: "ERR_HUB_ANSWER" });
  });

  it("left half by somebody else's download is found out by its checksum", async () => {
    const blob = createHash("sha256").update(weights).digest("hex");
    await mkdir(path.join(cache(), "blobs"), { recursive: true });
    const incomplete = path.join(cache(), "blobs", `${blob}.latentlab.incomplete`);
    await writeFile(incomplete, Buffer.alloc(1000, 7));
    await expect(load()).rejects.toMatchObject({ code: "ERR_HUB_CHECKSUM" });
    await writeFile(incomplete, Buffer.alloc(weights.length + 1000));
    await load();
  });
});

describe("a redirect", () => {
  it("to elsewhere is refused, and nothing is asked there", async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      sendFile(response, weights);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const { port } = elsewhere.address() as AddressInfo;
    for (const location of [
      `http://127.0.0.1:${port}/file`,
      `//127.0.0.1:${port}/file`,
      "https://huggingface.co.example.org/file",
      "https://nothuggingface.co/file",
      "http://huggingface.co/file",
      "file:///etc/passwd",
      "data:text/plain,x",
      "http://[",
    ]) {
      for (const question of ["/revision/", "/paths-info/", "/resolve/"]) {
        hub.misbehave = (request, response) => {
          if (!request.url?.includes(question)) return false;
          response.writeHead(302, { Location: location }).end();
          return true;
        };
        await expect(load({ token: "hf_secret" }), location).rejects.toMatchObject({
          name: "HubError",
          code: "ERR_HUB_REDIRECT",
        });
      }
    }
    expect(asked).toEqual([]);
    await closeServer(elsewhere);
  });

  it("within the hub is followed, and a circle is not", async () => {
    misbehaveOnWeights((_, response) => {
      response.writeHead(307, { Location: `/moved${weightsUrl}` }).end();
      return true;
    });
    const redirect = hub.misbehave;
    hub.misbehave = (request, response) => {
      if (redirect(request, response)) return true;
      if (request.url !== `/moved${weightsUrl}`) return false;
      sendFile(response, weights);
      return true;
    };
    await load();
    hub.misbehave = (_, response) => {
      response.writeHead(307, { Location: "/again" }).end();
      return true;
    };
    await expect(load()).rejects.toMatchObject({ code: "ERR_HUB_REDIRECT" });
  });
});

describe("options", () => {
  it("sends the token to the hub, and no token where there is none", async () => {
    await load({ token: "hf_secret" });
    expect(hub.requests.every((request) => request.endsWith(" Bearer hf_secret"))).toBe(true);
    hub.requests.length = 0;
    await load();
    expect(hub.requests.some((request) => request.includes("Bearer"))).toBe(false);
  });

  it("sends tokens of any form, without the blanks and line's ends around them", async () => {
    for (const token of ["api_org.x-1", "other/hub+token=="]) {
      hub.requests.length = 0;
      await load({ token: ` ${token}\r\n` });
      expect(hub.requests.filter((request) => !request.endsWith(` Bearer ${token}`))).toEqual([]);
    }
    expect(completeHubOptions({}, { HF_TOKEN: "hf_abc\n" }).token).toBe("hf_abc");
    expect(completeHubOptions({}, { HF_TOKEN: " \n" }).token).toBeUndefined();
  });

  it("come from the environment that the hub's other clients read", () => {
    const environment = { HF_TOKEN: "hf_abc", HF_ENDPOINT: "https://mirror.example/", HF_HUB_OFFLINE: "1" };
    expect(completeHubOptions({}, environment)).toMatchObject({
      token: "hf_abc",
      endpoint: "https://mirror.example",
      offline: true,
      revision: "main",
    });
    expect(completeHubOptions({}, {})).toMatchObject({
      token: undefined,
      endpoint: "https://huggingface.co",
      offline: false,
    });
    expect(completeHubOptions({ offline: false, token: "hf_x" }, environment)).toMatchObject({
      token: "hf_x",
      offline: false,
    });
  });

  it.each([
    [{ token: " " }, "ERR_HUB_DENIED"],
    [{ token: "hf_\u00e9" }, "ERR_HUB_DENIED"],
    [{ token: "hf_a\nb" }, "ERR_HUB_DENIED"],
    [{ endpoint: "ftp://x" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ endpoint: "x" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ revision: "../x" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ revision: "a/../../x" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ revision: "/etc" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ revision: "" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ subfolder: "../x" }, "ERR_OPTION_OUT_OF_RANGE"],
    [{ cacheFolder: "" }, "ERR_OPTION_OUT_OF_RANGE"],
  ])("refuses %j before anything is asked", async (more, code) => {
    await expect(load(more)).rejects.toMatchObject({ code });
    expect(downloads()).toEqual([]);
  });

  it("knows the names of repositories", () => {
    const valid = ["stabilityai/sd-vae-ft-mse", "a/b", "black-forest-labs/FLUX.1-schnell", "a_b/c.d"];
    expect(valid.filter((name) => !isRepositoryId(name))).toEqual([]);
    const invalid = [
      "a",
      "a/b/c",
      "../b",
      "a/..",
      "./b",
      "a/b--c",
      "a/b..c",
      "/a/b",
      "a/b/",
      "a/b.git",
      "a b/c",
      "",
    ];
    expect([...invalid, `a/${"b".repeat(100)}`, "a/b\n", "a/b?x"].filter(isRepositoryId)).toEqual([]);
  });
});
