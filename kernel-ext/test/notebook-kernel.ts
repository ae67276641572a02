import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { type Json, KernelClient } from "./kernel-client.js";

/** A kernel for the tests of a file, in a folder of its own that they can write to. */
export interface NotebookKernel {
  readonly kernel: KernelClient;
  readonly folder: string;
  write(files: Record<string, string>): void;
  /** Puts a package into the folder's `node_modules`. */
  writePackage(name: string, description: object, files: Record<string, string>): void;
  /** The text of the value of a cell that has to succeed. */
  resultOf(code: string): Promise<string | undefined>;
  /** The reply to a cell that has to fail, with its name as frames have it. */
  failureOf(code: string): Promise<Json & { cell: string }>;
}

/** To be called at a test file's top level. */
export function startNotebookKernel(): NotebookKernel {
  let kernel: KernelClient;
  let folder: string;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "latentlab notebook (1) ")));
    kernel = await KernelClient.start(folder);
  });
  afterAll(async () => {
    await kernel.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  return {
    get kernel() {
      return kernel;
    },
    get folder() {
      return folder;
    },
    write,
    writePackage(name, description, files) {
      const at = (file: string) => path.join("node_modules", name, file);
      write({ [at("package.json")]: JSON.stringify({ name, version: "1.0.0", ...description }) });
      for (const [file, text] of Object.entries(files)) write({ [at(file)]: text });
    },
    async resultOf(code) {
      const { reply, text } = await kernel.execute(code);
      expect(reply, JSON.stringify(reply.traceback)).toMatchObject({ status: "ok" });
      return text;
    },
    async failureOf(code) {
      const { reply } = await kernel.execute(code);
      expect(reply.status).toBe("error");
      return { ...reply, cell: `cell [${reply.execution_count}]` };
    },
  };
}
