#!/usr/bin/env node
// npm test [-- VITEST OPTIONS]: sets up what the tests need, checks style and types, then runs every test.
import "./setup/check-node.mjs";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findChromium, root } from "./setup/paths.mjs";
import { runInForeground, SetupError } from "./setup/process.mjs";
import { runCommand, runSteps } from "./setup/run-steps.mjs";
import { allSteps, engineNames } from "./setup/steps.mjs";
import { nodeSteps, pageScriptsStep, testPackagesStep } from "./setup/test-tools.mjs";

const resultFile = join(root, "test-results", "vitest.json");

await runCommand(async () => {
  console.log("latentlab: set-up for the tests");
  requireChromium();
  // Every engine, and PyTorch to compare them with.
  await runSteps([
    ...allSteps({ required: engineNames, pytorch: true }),
    testPackagesStep,
    ...nodeSteps,
    pageScriptsStep,
  ]);

  await check("style and imports", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]);
  await check("types of the tests", "typescript/bin/tsc", ["-p", "tsconfig.test.json"]);

  mkdirSync(join(root, "test-results"), { recursive: true });
  rmSync(resultFile, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`];
  const status = await node("vitest/vitest.mjs", ["run", ...reporters, ...process.argv.slice(2)]);
  // Without a result file the runner itself has failed, and has said why.
  if (!existsSync(resultFile)) return status || 1;
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(resultFile, "utf8"));
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  console.log(`tests: ${numPassedTests} passed, ${numFailedTests} failed${skipped}`);
  return status;
});

function requireChromium() {
  if (findChromium()) return;
  throw new SetupError("The browser tests need Chromium or Chrome, and neither was found.", {
    fix: 'on Debian or Ubuntu "sudo apt install chromium"; elsewhere install Chrome, or name a browser in CHROMIUM.',
  });
}

async function check(title, program, args) {
  const started = performance.now();
  const status = await node(program, args);
  if (status !== 0)
    throw new SetupError(`${title}: see above.`, {
      fix: 'for style, "npm run format"; for types, the code.',
    });
  console.log(`  ✓ ${title.padEnd(26)} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function node(program, args) {
  return runInForeground(process.execPath, [join(root, "node_modules", program), ...args]);
}
