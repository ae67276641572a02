// npm run bench -- conformance: the conformance suite on this kernel and on others.
import { report } from "./report.mjs";
import { readOptions, withKernels } from "./run-program.mjs";

export const usage = `npm run bench -- conformance [OPTIONS] the conformance suite on this kernel, tslab's, Deno's and ipykernel
  --kernels latentlab,...   default: all that are there
  --out FILE                JSON`;

/** By kernel; its kernelspec may have another name than the profile. */
const profiles = { latentlab: "latentlab", tslab: "tslab", deno: "deno", ipykernel: "py" };
const words = { PASS: "passes", FAIL: "fails", ERROR: "fails", SKIP: "cannot" };

/** @param {string[]} args */
export async function benchConformance(args) {
  const defaults = { kernels: Object.keys(profiles).join() };
  const { kernels, out } = readOptions(args, defaults, ["kernels", "out"], usage);
  await withKernels(kernels, async (chosen, run) => {
    const names = Object.keys(chosen);
    const outcomes = {};
    for (const name of names) {
      const program = "../test/conformance/conformance.py";
      outcomes[name] = await run(program, [name, "--profile", profiles[name]]);
    }
    const tests = Object.keys(outcomes[names[0]]);
    const verdictOf = (name, test) => words[outcomes[name][test]?.[0] ?? "ERROR"];
    const count = (name) => tests.filter((test) => verdictOf(name, test) === "passes").length;
    const measured = {
      benchmark: "conformance",
      versions: Object.fromEntries(names.map((name) => [name, chosen[name].version])),
      columns: ["test", ...names],
      rows: [
        [`passed of ${tests.length}`, ...names.map((name) => String(count(name)))],
        ...tests.map((test) => [test, ...names.map((name) => verdictOf(name, test))]),
      ],
    };
    report(measured, args, out);
  });
}
