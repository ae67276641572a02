import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readConnectionFile } from "../src/wire/connection-file.js";

const folder = mkdtempSync(join(tmpdir(), "latentlab-connection-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ports = { shell_port: 1, control_port: 2, iopub_port: 3, stdin_port: 4, hb_port: 5 };

function write(fields: object): string {
  const file = join(folder, "connection.json");
  writeFileSync(file, JSON.stringify(fields));
  return file;
}

it("reads addresses and key for TCP and for sockets in the file system", () => {
  const tcp = readConnectionFile(write({ transport: "tcp", ip: "10.0.0.1", key: "k", ...ports }));
  expect(tcp.key).toBe("k");
  expect(tcp.addresses).toMatchObject({ shell: "tcp://10.0.0.1:1", hb: "tcp://10.0.0.1:5" });
  expect(readConnectionFile(write({ transport: "ipc", ip: "/run/k", ...ports })).addresses.iopub).toBe(
    "ipc:///run/k-3",
  );
});

it.each([
  ["no file named", () => undefined, "ERR_CONNECTION_FILE_BROKEN"],
  ["a missing file", () => join(folder, "absent.json"), "ERR_CONNECTION_FILE_BROKEN"],
  ["a missing port", () => write({ key: "k", shell_port: 1 }), "ERR_CONNECTION_FILE_BROKEN"],
  [
    "another scheme",
    () => write({ key: "k", signature_scheme: "hmac-md5", ...ports }),
    "ERR_SIGNATURE_SCHEME",
  ],
])("refuses %s", (_name, createPath, code) => {
  expect(() => readConnectionFile(createPath())).toThrow(expect.objectContaining({ code }));
});
