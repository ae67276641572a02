import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases.js";

/** PyTorch's losses of a case, committed, so that the comparison needs no Python. */
export interface Fixture {
  torch: string;
  losses: number[];
}

const fileOf = ({ name }: Case) =>
  fileURLToPath(new URL(`fixtures/${name.replace(/[^a-z]+/gi, "-")}.json`, import.meta.url));

export function readFixture(example: Case): Fixture {
  return JSON.parse(readFileSync(fileOf(example), "utf8"));
}

export function writeFixture(example: Case, fixture: Fixture): void {
  writeFileSync(fileOf(example), `${JSON.stringify(fixture, undefined, 2)}\n`);
}
