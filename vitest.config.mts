import { defineConfig } from "vitest/config";
import { nodeProgram } from "./kernel-ext/bin/setup/paths.mjs";

/** One project a package, so that `npx vitest run --project lib` runs one alone. */
const project = (
  name: string,
  folder: string,
  groupOrder: number,
  { testTimeout = 30_000, retry = 1, env = {} } = {},
) => ({
  test: {
    name,
    env,
    include: [`${folder}/**/*.test.ts`],
    // Native engines and kernels own process-wide state: every file gets a process of its own.
    pool: "forks" as const,
    // One package after the other: kernels and browsers are timed, and two cores are not many.
    sequence: { groupOrder },
    // Browsers and kernels are other processes: on a busy machine one may be late once. The report names what was retried.
    retry,
    testTimeout,
    hookTimeout: testTimeout * 2,
  },
});

/** The kernel as front ends see it, on another Node than the tests'. */
const kernelOnNode = (major: number, groupOrder: number) =>
  project(`kernel-node-${major}`, "kernel-ext/test/{protocol,conformance}", groupOrder, {
    testTimeout: 60_000,
    env: { LATENTLAB_TEST_NODE: nodeProgram(major) },
  });

export default defineConfig({
  test: {
    projects: [
      project("lib", "lib/test", 0, { retry: 0 }),
      project("widgets", "widgets/test", 1),
      project("kernel", "kernel-ext/test", 2, { testTimeout: 60_000 }),
      ...[22, 24].map((major, index) => kernelOnNode(major, 3 + index)),
      project("notebooks", "notebooks/test", 5, { testTimeout: 600_000 }),
    ],
  },
});
