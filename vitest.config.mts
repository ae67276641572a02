import { defineConfig } from "vitest/config";

/** One project a package, so that `npx vitest run --project lib` runs one alone. */
const project = (
  name: string,
  folder: string,
  groupOrder: number,
  { testTimeout = 30_000, retry = 1 } = {},
) => ({
  test: {
    name,
    include: [`${folder}/test/**/*.test.ts`],
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

export default defineConfig({
  test: {
    projects: [
      project("lib", "lib", 0, { retry: 0 }),
      project("widgets", "widgets", 1),
      project("kernel", "kernel-ext", 2, { testTimeout: 60_000 }),
      project("notebooks", "notebooks", 3, { testTimeout: 600_000 }),
    ],
  },
});
