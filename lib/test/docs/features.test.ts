import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const rows = readFileSync(path.join(root, "FEATURES.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| | here"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

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

it("FEATURES.md says something of every project in every row", () => {
  for (const row of rows) {
    const [, feature, , , ...projects] = row.slice(0, -1);
    expect(projects, feature).toHaveLength(5);
    for (const cell of projects) expect(cell, feature).toMatch(/^(yes|partly|no|\?|not needed|itself)/);
  }
});
