import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fillDocument } from "../../bench/document.js";

const docs = fileURLToPath(new URL("../../../docs/", import.meta.url));
const text = readFileSync(`${docs}engines.md`, "utf8");

it("shows the committed measurements as they are (npm run bench -- document docs/engines.md)", () => {
  expect(fillDocument(text, `${docs}benchmarks`)).toBe(text);
});

it("shows all of them", () => {
  const files = readdirSync(`${docs}benchmarks`).filter((name) => name.endsWith(".json"));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(text).toContain(`<!-- ${file} -->`);
});
