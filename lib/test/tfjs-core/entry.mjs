// What runs inside one process: one engine and TensorFlow.js's own tests of its operations. Bundled by `bundle.mjs`.
import "@tensorflow/tfjs";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTestEnvs } from "@tensorflow/tfjs-core/dist/jasmine_util";
// The gradients that this library registers, as users have them.
import "../../src/engine/index.js";
import { tensorflow } from "../../src/engine/tensorflow/index.js";
import { torch } from "../../src/engine/torch/index.js";
import { wasm } from "../../src/engine/wasm/index.js";

const [engineName, resultFile, filter = ""] = process.argv.slice(2);
const jasmine = createRequire(import.meta.url)("jasmine-core").boot();
const details = await { torch, tensorflow, wasm }[engineName].start({});
// TensorFlow.js puts it into the names of the tests that run on an engine; others are about helper functions.
const environmentName = "on-engine";
setTestEnvs([{ name: environmentName, backendName: engineName, flags: {}, isDataSync: true }]);
await import("@tensorflow/tfjs-core/dist/tests");

/** One string for all of a test's failures: their first lines. */
const describeFailures = (failures) => failures.map(({ message }) => message.split("\n")[0]).join("; ");

const results = [];
const environment = jasmine.getEnv();
environment.configure({ random: false, specFilter: (spec) => spec.getFullName().includes(filter) });
environment.addReporter({
  specDone({ fullName, status, failedExpectations }) {
    if (status !== "passed" && status !== "failed") return; // left out upstream
    results.push({
      name: fullName.replace(` ${environmentName} {}`, ":"),
      usesEngine: fullName.includes(environmentName),
      failure: status === "failed" ? describeFailures(failedExpectations) : undefined,
    });
  },
});
await environment.execute();
writeFileSync(resultFile, JSON.stringify({ details, results }));
// Tests leave timers and sockets behind.
process.exit(0);
