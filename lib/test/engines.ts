import { beforeAll, describe } from "vitest";
import { runtime } from "../src/engine/torch/runtime.js";
import { engine } from "../src/index.js";

/** A missing engine is a failure here, never a skip: the set-up provides them. */
export const engineNames = ["torch", "tensorflow", "wasm"] as const;

/** Takes the engine on the CPU, where all of them compute in float32. */
export async function useEngine(name: (typeof engineNames)[number]): Promise<void> {
  await engine.use(name, { device: "cpu" });
  // The tests' tensors are small: several threads would mostly wait for each other.
  if (name === "torch") runtime.addon.setThreads(1);
}

/** The same tests once on every engine. */
export function describeOnEveryEngine(title: string, tests: () => void): void {
  describe.each(engineNames)(`${title} on %s`, (name) => {
    beforeAll(() => useEngine(name));
    tests();
  });
}
