// node lib/test/tfjs-core/report.mjs [--update]
//
// Prints how many of TensorFlow.js's own tests pass on each engine. With --update it writes the lists of known failures
// and docs/operators.md anew.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { readKnownFailures, writeKnownFailures } from "./known-failures.mjs";
import { engineNames, runTests } from "./run.mjs";

const isUpdate = process.argv.includes("--update");
const document = path.resolve(import.meta.dirname, "../../../docs/operators.md");

const count = (results) => {
  const passed = results.filter(({ failure }) => !failure).length;
  const rate = ((100 * passed) / results.length).toFixed(1);
  return `${passed} of ${results.length} (${rate} %)`;
};

const rows = [];
for (const engineName of engineNames) {
  const { details, results } = await runTests(engineName);
  if (isUpdate) await writeKnownFailures(engineName, results);
  const onEngine = results.filter(({ usesEngine }) => usesEngine);
  rows.push(
    `| \`${engineName}\` | ${details.version} | ${details.device} | ${count(onEngine)} | ${count(results)} |`,
  );
}

const reasons = Object.entries(await readKnownFailures("torch"));
const text = `# Operators

How many of TensorFlow.js's own tests pass on each engine: those that \`@tensorflow/tfjs-core\` 4.22.0 publishes with its
code, all of them, with the gradients that latentlab registers. This file is written by

\`\`\`
node lib/test/tfjs-core/report.mjs --update
\`\`\`

| engine | version | device | tests that run on the engine | with those of helper functions |
|---|---|---|---|---|
${rows.join("\n")}

\`npm test\` runs them, too, and fails where a test breaks that is not listed in \`lib/test/tfjs-core/known-failures/\`, or
where a listed one has come to pass. Five tests that the package itself leaves out are not counted. TensorFlow.js's own
backend for Node leaves out 347 of these before it counts (\`IGNORE_LIST\` in its \`run_tests.ts\`); here none are.

## What fails on \`torch\`

${reasons.map(([name, reason]) => `- \`${name}\`: ${reason}`).join("\n")}

## What \`torch\` does on the host

Kernels of strings, and those in \`lib/src/engine/torch/kernels/host-kernels.ts\` (sparse and ragged tensors, boxes in
pictures, \`tf.multinomial\`), run in TensorFlow.js's own JavaScript: they read their inputs back, so they do not belong
into a training step, and a compiled step refuses them.
`;
if (isUpdate) await writeFile(document, text);
console.log(rows.join("\n"));
