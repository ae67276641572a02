import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** What `latentlab` means in the example: the sources as they are, not what was built of them last. */
const library = path.join(root, "lib", "src", "index.ts");
/** Below node_modules, so that what is not bundled is found. */
const folder = path.join(root, "node_modules", ".cache", "latentlab", `docs-test-${process.pid}`);

const text = readFileSync(path.join(root, "docs", "library.md"), "utf8");
const [, example = ""] = /```ts\n(import \* as lab from "latentlab";\n[\s\S]*?)```/.exec(text) ?? [];
const sizes = /const size = \{.*\};/;
const tiny =
  "const size = { pictures: 96, autoencoderSteps: 4, flowSteps: 4, samples: 16, samplerSteps: 3, seeds: 2 } satisfies Record<string, number>;";

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("has the whole experiment in under 40 lines, its sizes in one place", () => {
  expect(example.trim().split("\n").length).toBeLessThan(40);
  const names = (line: string) => [...line.matchAll(/(\w+):/g)].map(([, name]) => name);
  const [documented = ""] = sizes.exec(example) ?? [];
  expect(names(documented)).toEqual(names(tiny));
});

it("type-checks", () => {
  const file = path.join(folder, "experiment.mts");
  writeFileSync(file, example);
  const program = ts.createProgram([file], {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: ["node"], lib: ["lib.es2023.d.ts"] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    paths: { latentlab: [library] },
  });
  const [source] = [program.getSourceFile(file)];
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
}, 60_000);

it("runs, and ends with the numbers that it promises", async () => {
  const outfile = path.join(folder, "experiment.mjs");
  await build({
    stdin: { contents: example.replace(sizes, tiny), loader: "ts", resolveDir: folder },
    ...{ outfile, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "error" },
    ...{ packages: "external", alias: { latentlab: library } },
  });
  // One thread: with tensors this small, several would mostly wait for each other.
  const env = { ...process.env, OMP_NUM_THREADS: "1", TF_NUM_INTRAOP_THREADS: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], {
    cwd: root,
    env,
    timeout: 110_000,
  });
  const { floors, pairs, verdict } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(pairs).toHaveLength(2);
  for (const { tv65, kid } of [floors, ...pairs.flatMap(Object.values)]) {
    expect(tv65).toBeGreaterThan(0);
    expect(tv65).toBeLessThanOrEqual(1);
    expect(Number.isFinite(kid)).toBe(true);
  }
  expect(floors.kidStd).toBeGreaterThan(0);
  // Hardly trained models draw no cards: far from the floors, in either measure.
  for (const { tv65, kid } of pairs.flatMap(Object.values)) {
    expect(tv65).toBeGreaterThan(floors.tv65);
    expect(kid).toBeGreaterThan(Math.abs(floors.kid));
  }
  const effects = pairs.map(({ weak, strong }: Record<string, { tv65: number }>) => {
    return (strong as { tv65: number }).tv65 - (weak as { tv65: number }).tv65;
  });
  expect(verdict.effect).toBeCloseTo((effects[0] + effects[1]) / 2, 12);
  expect(["supported", "refuted", "inconclusive"]).toContain(verdict.verdict);
}, 120_000);

it("names only functions that the library exports", async () => {
  const exported: Record<string, unknown> & { engine: object } = await import(library);
  const names = [...text.replace(example, "").matchAll(/`(?:engine\.)?([a-z]\w+)\(/g)].map(
    ([, name]) => name as string,
  );
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => !(name in exported) && !(name in exported.engine))).toEqual([]);
});
