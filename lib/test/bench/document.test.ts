import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fillDocument } from "../../bench/document.js";

const docs = fileURLToPath(new URL("../../../docs/", import.meta.url));
const read = (name: string) => readFileSync(`${docs}${name}`, "utf8");
const names = readdirSync(docs).filter((name) => name.endsWith(".md"));

it.each(
  names,
)("%s shows the committed measurements as they are (npm run bench -- document docs/*.md)", (name) => {
  expect(fillDocument(read(name), `${docs}benchmarks`)).toBe(read(name));
});

it("shows all of them", () => {
  const files = readdirSync(`${docs}benchmarks`).filter((name) => name.endsWith(".json"));
  const text = names.map(read).join("\n");
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(text).toContain(`<!-- ${file} -->`);
});
