import { defineConfig } from "vitest/config";
import { nodeProgram } from "./kernel-ext/bin/setup/paths.mjs";

/** One project a package, so that `npx vitest run --project lib` runs one alone. */
const project = (
  name: string,
  folder: string,
  groupOrder: number,
  { testTimeout = 30_000, retry = 1, env = {}, exclude = [] as string[] } = {},
) => ({
  test: {
    name,
    env,
    include: [`${folder}/**/*.test.ts`],
    exclude,
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

const conformance = "kernel-ext/test/conformance";

/** Suites of the kernel, one after the other: the conformance suite's limits are for a kernel that has a core of its own. */
const kernel = (suffix: string, folder: string, groupOrder: number, env = {}) => [
  project(`kernel${suffix}`, folder, groupOrder, {
    testTimeout: 60_000,
    env,
    exclude: [`${conformance}/**`],
  }),
  project(`conformance${suffix}`, conformance, groupOrder + 1, { testTimeout: 60_000, env, retry: 2 }),
];

/** The kernel as front ends see it, on another Node than the tests'. */
const kernelOnNode = (major: number, groupOrder: number) =>
  kernel(`-node-${major}`, "kernel-ext/test/protocol", groupOrder, {
    LATENTLAB_TEST_NODE: nodeProgram(major),
  });

export default defineConfig({
  test: {
    projects: [
      project("lib", "lib/test", 0, { retry: 0 }),
      project("widgets", "widgets/test", 1),
      ...kernel("", "kernel-ext/test", 2),
      ...kernelOnNode(22, 4),
      ...kernelOnNode(24, 6),
      project("notebooks", "notebooks/test", 8, { testTimeout: 600_000 }),
    ],
  },
});
