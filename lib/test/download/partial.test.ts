import { spawn, spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { claimPartial, releasePartial } from "../../src/download/partial.js";
import { useTemporaryFolder } from "../pretrained/helpers.js";

const folder = useTemporaryFolder();
let blob = "";
beforeEach(() => {
  blob = path.join(folder.path, "a".repeat(64));
});
const names = () => readdir(folder.path);
const textOf = (file: string) => readFile(file, "utf8").catch(() => undefined);
/** As if the process with that number had claimed it. */
const claimFor = async (pid: number, text: string) => {
  const name = (await claimPartial(blob)).replace(`.${process.pid}.`, `.${pid}.`);
  await writeFile(name, text);
};

describe("what has come of a download", () => {
  it("is handed to one of several that want it", async () => {
    await writeFile(`${blob}.latentlab.incomplete`, "half");
    const claimed = await Promise.all([1, 2, 3, 4].map(() => claimPartial(blob)));
    expect(new Set(claimed).size).toBe(4);
    expect((await Promise.all(claimed.map(textOf))).filter((text) => text === "half").length).toBe(1);
  });

  it("is taken over from a process that is no more", async () => {
    await claimFor(spawnSync(process.execPath, ["-e", ""]).pid, "left");
    expect(await textOf(await claimPartial(blob))).toBe("left");
    expect((await names()).length).toBe(1);
  });

  it("is not taken from a process that lives, nor from the Python client", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
    try {
      await claimFor(child.pid as number, "theirs");
      await writeFile(`${blob}.incomplete`, "Python's");
      expect(await textOf(await claimPartial(blob))).toBeUndefined();
      expect((await names()).length).toBe(2);
    } finally {
      child.kill();
    }
  });

  it("is kept where it is more than what is there already", async () => {
    for (const [text, kept] of [
      ["abc", "abc"],
      ["a", "abc"],
      ["abcdef", "abcdef"],
    ] as const) {
      const partial = `${blob}.own`;
      await writeFile(partial, text);
      await releasePartial(partial, blob);
      expect(await textOf(`${blob}.latentlab.incomplete`)).toBe(kept);
      expect((await names()).length).toBe(1);
    }
  });
});
