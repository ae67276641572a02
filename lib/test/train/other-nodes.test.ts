import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeProgram } from "../../../kernel-ext/bin/setup/paths.mjs";
import { engineNames } from "../engines.js";
import { ChildProgram } from "./child-program.js";

const program = new ChildProgram("other-nodes-child.ts");

interface Output {
  version: string;
  losses: Record<string, number[]>;
}

async function trainOn(node: string): Promise<Output> {
  const { stdout } = await promisify(execFile)(node, [program.file]);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

beforeAll(() => program.build());
afterAll(() => program.remove());

it("every engine trains on Node 22 and 24 as it does on this one", async () => {
  const here = await trainOn(process.execPath);
  expect(Object.keys(here.losses)).toEqual([...engineNames]);
  for (const series of Object.values(here.losses)) expect(series.length).toBe(6);
  for (const major of [22, 24]) {
    const there = await trainOn(nodeProgram(major));
    expect(there.version).toMatch(`v${major}.`);
    for (const name of engineNames) {
      there.losses[name]?.forEach((loss, index) => {
        const expected = here.losses[name]?.[index] as number;
        expect(Math.abs(loss - expected) / Math.abs(expected)).toBeLessThan(1e-4);
      });
    }
    expect(Object.keys(there.losses)).toEqual([...engineNames]);
  }
}, 120_000);
