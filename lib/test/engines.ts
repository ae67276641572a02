import { beforeAll, describe } from "vitest";
import { engine } from "../src/index.js";

/** A missing engine is a failure here, never a skip: the set-up provides both. */
export const engineNames = ["tensorflow", "wasm"] as const;

/** The same tests once on every engine. */
export function describeOnEveryEngine(title: string, tests: () => void): void {
  describe.each(engineNames)(`${title} on %s`, (name) => {
    beforeAll(async () => {
      await engine.use(name);
    });
    tests();
  });
}
