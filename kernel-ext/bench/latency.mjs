// npm run bench -- kernel: start and latency of this kernel beside tslab's, Deno's and ipykernel, in one run.
import { report } from "./report.mjs";
import { readOptions, withKernels } from "./run-program.mjs";

export const usage = `npm run bench -- kernel [OPTIONS]     the kernel's start and latency beside tslab's, Deno's and ipykernel
  --kernels latentlab,...   default: all that are there
  --rounds N                executions of each case, default 30; --starts N: starts of each kernel, default 5
  --out FILE                JSON`;

/** @param {string[]} args */
export async function benchLatency(args) {
  const defaults = { rounds: "30", starts: "5" };
  const { kernels, rounds, starts, out } = readOptions(
    args,
    defaults,
    ["kernels", "rounds", "starts", "out"],
    usage,
  );
  await withKernels(kernels, async (chosen, run) => {
    const languages = Object.entries(chosen).map(([name, { language }]) => `${name}:${language}`);
    const { cases, results } = await run("latency.py", [
      "--rounds",
      rounds,
      "--starts",
      starts,
      ...languages,
    ]);
    const names = Object.keys(chosen);
    const measured = {
      benchmark: "kernel",
      versions: Object.fromEntries(names.map((name) => [name, chosen[name].version])),
      columns: ["", ...names],
      rows: cases.map(({ title, key }) => [title, ...names.map((name) => results[name][key] ?? "–")]),
    };
    report(measured, args, out);
  });
}
