// npm run bench -- soak: a notebook of thousands of cells in one kernel, and what it leaves in memory.
import { report } from "./report.mjs";
import { readOptions, withKernels } from "./run-program.mjs";

export const usage = `npm run bench -- soak [OPTIONS]       memory over thousands of cells
  --kernel latentlab        --cells N: default 5000
  --out FILE                JSON`;

const shownSamples = 10;

/** @param {string[]} args */
export async function benchSoak(args) {
  const defaults = { kernel: "latentlab", cells: "5000" };
  const { kernel, cells, out } = readOptions(args, defaults, ["kernel", "cells", "out"], usage);
  await withKernels(kernel, async (chosen, run) => {
    const { samples, unexpected, kilobytesPerCell, heapKilobytesPerCell } = await run("soak.py", [
      kernel,
      "--cells",
      cells,
    ]);
    const stride = Math.max(Math.floor(samples.length / shownSamples), 1);
    const shown = samples.filter((_, index) => (index + 1) % stride === 0);
    const slopes = `${kilobytesPerCell.toFixed(1)} kB a cell, ${heapKilobytesPerCell.toFixed(1)} kB of it in the heap of the thread that runs the cells`;
    const measured = {
      benchmark: "soak",
      versions: { [kernel]: chosen[kernel].version },
      columns: ["cells", "memory of all processes, MB", "heap of the cells' thread, MB", "ms a cell"],
      rows: shown.map(({ cells, megabytes, heapMegabytes, milliseconds }) => [
        String(cells),
        megabytes.toFixed(0),
        heapMegabytes.toFixed(1),
        milliseconds.toFixed(1),
      ]),
      remarks: [
        `In the second half memory grows by ${slopes}.`,
        `Cells that came to something else than they should: ${unexpected.length}.`,
      ],
    };
    report(measured, args, out);
  });
}
