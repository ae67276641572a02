import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import * as library from "../../src/index.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const rows = readFileSync(path.join(root, "FEATURES.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| | here"))
  .map((line) => line.split("|").map((cell) => cell.trim()));
/** In code type too, and no functions. */
const engines = ["wasm", "torch", "tensorflow"];

it("FEATURES.md names a test that there is for everything that we have, and none for what we have not", () => {
  expect(rows.length).toBeGreaterThan(60);
  for (const [, feature, here = "", tests = ""] of rows) {
    const files = [...tests.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file as string);
    const missing = files.filter((file) => !existsSync(path.join(root, "lib", "test", file)));
    expect(missing, feature).toEqual([]);
    expect(here, feature).toMatch(/^(yes|partly|\*\*no\*\*)/);
    if (!here.startsWith("**no**")) expect(files, feature).not.toEqual([]);
  }
});

it("FEATURES.md names functions that are exported, and used in a test file of their row that has tests", () => {
  const exported: Record<string, unknown> = library;
  let named = 0;
  for (const [, feature, here = "", tests = ""] of rows) {
    const files = [...tests.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) =>
      readFileSync(path.join(root, "lib", "test", file as string), "utf8"),
    );
    for (const text of files)
      expect(text, feature).toMatch(/^\s*(it|test)(\.(each|for|skipIf|runIf)\([^()]*\))?\(/m);
    // Code that reads as a function's name; file names, engines and settings in words are not.
    for (const [, name] of here.matchAll(/`([a-z]+[A-Za-z]*)`/g)) {
      if (engines.includes(name as string)) continue;
      named += 1;
      expect(exported[name as string], `${feature}: ${name}`).toBeTypeOf("function");
      expect(
        files.some((text) => new RegExp(`\\b${name}\\b`).test(text)),
        `${feature}: ${name}`,
      ).toBe(true);
    }
  }
  expect(named).toBeGreaterThan(25);
});

it("FEATURES.md says something of every project in every row", () => {
  for (const row of rows) {
    const [, feature, , , ...projects] = row.slice(0, -1);
    expect(projects, feature).toHaveLength(5);
    for (const cell of projects) expect(cell, feature).toMatch(/^(yes|partly|no|\?|not needed|itself)/);
  }
});
