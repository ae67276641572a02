import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const commit = "0123456789abcdef0123456789abcdef01234567";

/** A small Hugging Face Hub: one repository, the three addresses that loading a model asks. */
export interface HubServer {
  readonly endpoint: string;
  /** Method and path of every request, with the range and the token that came with it. */
  readonly requests: string[];
  /** May answer in the hub's stead: returns whether it did. */
  misbehave: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** May change what the hub says about files. */
  describe: (file: DescribedFile) => object;
  info: Record<string, unknown>;
  close(): Promise<void>;
}

interface DescribedFile {
  path: string;
  type: "file";
  size: number;
  oid: string;
  lfs?: { oid: string; size: number; pointerSize: number };
}

export async function startHubServer(
  repository: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<HubServer> {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { range = "", authorization = "" } = request.headers;
    const asked = decodeURIComponent(request.url ?? "").replace(/\?.*/, "");
    requests.push([request.method, asked, range, authorization].filter(Boolean).join(" "));
    if (hub.misbehave(request, response)) return;
    if (asked === `/api/models/${repository}/revision/main`) return sendJson(response, hub.info);
    if (asked === `/api/models/${repository}/paths-info/${commit}`) {
      const { paths } = JSON.parse(await readBody(request)) as { paths: string[] };
      const described = paths.flatMap((path) =>
        files.has(path) ? [describe(path, files.get(path) as Buffer)] : [],
      );
      return sendJson(
        response,
        described.map((file) => hub.describe(file)),
      );
    }
    const file = files.get(asked.replace(`/${repository}/resolve/${commit}/`, ""));
    if (file) return sendFile(response, file, range);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: HubServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: () => false,
    describe: (file) => file,
    info: { _id: "1", id: repository, sha: commit, cardData: { license: "mit" } },
    close: () => closeServer(server),
  };
  return hub;
}

/** Like the hub: large files by SHA-256 (git LFS), small ones by git's own checksum. */
function describe(path: string, bytes: Buffer): DescribedFile {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const isLarge = path.endsWith(".safetensors");
  return {
    path,
    type: "file",
    size: bytes.length,
    oid,
    ...(isLarge && { lfs: { oid: sha256, size: bytes.length, pointerSize: 130 } }),
  };
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

export function sendFile(response: ServerResponse, file: Buffer, range = ""): void {
  const start = Number(range.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  const rest = file.subarray(start);
  response.writeHead(range ? 206 : 200, {
    "Content-Length": rest.length,
    ...(range && { "Content-Range": `bytes ${start}-${file.length - 1}/${file.length}` }),
  });
  response.end(rest);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
