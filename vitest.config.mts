import { defineConfig } from "vitest/config";

/** One project a package, so that `npx vitest run --project lib` runs one alone. */
const project = (name: string, folder: string, testTimeout = 30_000) => ({
  test: {
    name,
    include: [`${folder}/test/**/*.test.ts`],
    // Native engines and kernels own process-wide state: every file gets a process of its own.
    pool: "forks" as const,
    testTimeout,
    hookTimeout: testTimeout * 2,
  },
});

export default defineConfig({
  test: {
    projects: [
      project("lib", "lib"),
      project("kernel", "kernel-ext", 60_000),
      project("widgets", "widgets"),
      project("notebooks", "notebooks", 600_000),
    ],
  },
});
