import fs from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { parseLatentText } from "../../src/diffusion/latents/save.js";
import { DataError, RunError } from "../../src/index.js";
import { parseCheckpointText, parseJournal } from "../../src/train/checkpoint-text.js";
import { train } from "../../src/train/index.js";
import { useEngine } from "../engines.js";
import { useTemporaryFolder } from "../pretrained/helpers.js";
import { makeTiny, readAll } from "./tiny-training.js";

const entry = { step: 3, time: "2026-01-01T00:00:00.000Z", what: "pull", from: 0, to: 0.5 };
const state = {
  version: 1,
  step: 7,
  noisePosition: 84,
  time: "2026-01-01T00:00:00.000Z",
  networks: { generator: { updates: 7, averages: ["slow"] } },
  options: { seed: 3 },
  engine: { name: "wasm", version: "1", device: "CPU", precision: "float32", deterministic: true },
  journal: [entry],
};
const latents = {
  version: 1,
  identity: "a",
  scales: { channelMean: [0, 1], channelStd: [1, 2], firstBatchStd: 1.5 },
};

type Json = ReturnType<typeof JSON.parse>;
const strange = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(-1, 0.5, 2 ** 60, "7", null, [], {}, [null], { __proto__: 1 }),
);

/** All places in a value, as paths of keys. */
function placesIn(value: Json, before: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [before];
  return [before, ...Object.keys(value).flatMap((key) => placesIn(value[key], [...before, key]))];
}

/** The value with one of its places replaced, or without it. */
function changed(value: Json): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...placesIn(value)), fc.option(strange, { nil: undefined }))
    .map(([place, replacement]) => {
      if (place.length === 0) return replacement ?? null;
      const copy = structuredClone(value);
      const parent = place.slice(0, -1).reduce((inner, key) => inner[key], copy);
      if (replacement === undefined) delete parent[place.at(-1) as string];
      else parent[place.at(-1) as string] = replacement;
      return copy;
    });
}

/** Anything that may stand in a file of which a valid content is known. */
const textOf = (valid: Json): fc.Arbitrary<string> =>
  fc.oneof(
    changed(valid).map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
    fc.nat(JSON.stringify(valid).length).map((end) => JSON.stringify(valid).slice(0, end)),
    fc.constantFrom(
      JSON.stringify(valid).replace("0.5", "1e999"),
      JSON.stringify(valid).replace("7", "1e999"),
    ),
  );

const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === "string";

function expectJournal(journal: Json): void {
  for (const { step, time, what, from, to } of journal) {
    expect([isCount(step), isText(time), isText(what), isNumber(from), isNumber(to)]).not.toContain(false);
  }
}

describe("whatever a file says, it is what the types promise, or is refused:", () => {
  it("state.json", () => {
    expect(parseCheckpointText(JSON.stringify(state))).toEqual(state);
    fc.assert(
      fc.property(textOf(state), (text) => {
        const parsed = parseCheckpointText(text);
        if (!parsed) return;
        const { version, step, noisePosition, networks, options, engine, journal } = parsed;
        expect([version, isCount(step), isCount(noisePosition), typeof options]).toEqual([
          1,
          true,
          true,
          "object",
        ]);
        for (const { updates, averages } of Object.values(networks)) {
          expect([isCount(updates), averages.every(isText)]).toEqual([true, true]);
        }
        expect([engine.name, engine.version, engine.device, engine.precision].every(isText)).toBe(true);
        expect(engine.deterministic).toBeTypeOf("boolean");
        expectJournal(journal);
      }),
      { numRuns: 2000 },
    );
  });

  it("journal.json", () => {
    expect(parseJournal(JSON.stringify([entry]))).toEqual([entry]);
    fc.assert(
      fc.property(textOf([entry, { ...entry, step: 7 }]), (text) => {
        const parsed = parseJournal(text);
        if (parsed) expectJournal(parsed);
      }),
      { numRuns: 2000 },
    );
  });

  it("latents.json", () => {
    expect(parseLatentText(JSON.stringify(latents), "file")).toEqual(latents);
    fc.assert(
      fc.property(textOf(latents), (text) => {
        try {
          const { version, identity, scales } = parseLatentText(text, "file");
          const { channelMean, channelStd, firstBatchStd } = scales;
          expect([version, isText(identity), isNumber(firstBatchStd)]).toEqual([1, true, true]);
          expect([...channelMean, ...channelStd].every(isNumber)).toBe(true);
          expect(channelMean.length).toBe(channelStd.length);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          expect(error.code).toBe("ERR_DATASET_FORMAT");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a training whose folder was tampered with", () => {
  const folder = useTemporaryFolder();
  beforeAll(() => useEngine("wasm"));

  it("goes on or ends in a named error, which leaves the networks alone", async () => {
    const first = makeTiny();
    for await (const _ of train({ ...first.options, steps: 3, folder: folder.path }));
    first.dispose();
    const checkpoints = path.join(folder.path, "checkpoints");
    const last = (await fs.readdir(checkpoints)).sort().at(-1) as string;
    const stateFile = path.join(checkpoints, last, "state.json");
    const journalFile = path.join(folder.path, "journal.json");
    const valid = await fs.readFile(stateFile, "utf8");
    const journal = JSON.stringify([entry]);
    await fs.writeFile(journalFile, journal);
    const tiny = makeTiny();
    const untouched = readAll(tiny.parameters);
    const texts = fc.oneof(
      textOf(JSON.parse(valid)).map((text) => [text, journal] as const),
      textOf([entry]).map((text) => [valid, text] as const),
    );
    await fc.assert(
      fc.asyncProperty(texts, async ([stateText, journalText]) => {
        await fs.writeFile(stateFile, stateText);
        await fs.writeFile(journalFile, journalText);
        // No step to make: it is read, compared and put into the networks, or refused.
        const run = train({ ...tiny.options, steps: 1, folder: folder.path, resume: true });
        try {
          for await (const _ of run);
          const again = makeTiny();
          for (const [name, variable] of Object.entries(again.parameters))
            tiny.parameters[name]?.assign(variable);
          again.dispose();
        } catch (error) {
          const isNamed = error instanceof RunError || (error as Error).name === "ConfigError";
          if (!isNamed) throw error;
          expect(readAll(tiny.parameters)).toEqual(untouched);
        }
      }),
      { numRuns: 150 },
    );
    tiny.dispose();
  }, 60_000);
});
