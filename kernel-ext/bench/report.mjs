// What a benchmark of kernels has measured: a table, and what it was measured with.
import { writeFileSync } from "node:fs";
import os from "node:os";
import { resolve } from "node:path";

/**
 * @typedef {object} KernelReport
 * @property {string} benchmark
 * @property {string} date ISO 8601
 * @property {string} command repeats it
 * @property {{ cpu: string, threads: number, memoryBytes: number }} hardware
 * @property {Record<string, string>} versions
 * @property {string[]} columns
 * @property {string[][]} rows
 * @property {string[]} remarks
 */

/**
 * Shows a table on the terminal and, where a file is named, writes it there.
 *
 * @param {Pick<KernelReport, "benchmark" | "versions" | "columns" | "rows"> & { remarks?: string[] }} measured
 * @param {string[]} args of the command
 * @param {string} [out]
 */
export function report(measured, args, out) {
  const told = args.filter((arg, index) => arg !== "--out" && args[index - 1] !== "--out");
  const { benchmark, ...rest } = measured;
  /** @type {KernelReport} */
  const whole = {
    benchmark,
    date: new Date().toISOString(),
    command: ["npm run bench --", benchmark, ...told].join(" "),
    hardware: {
      cpu: os.cpus()[0]?.model ?? "unknown",
      threads: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    remarks: [],
    ...rest,
  };
  console.log(`\n${whole.columns.join(" | ")}`);
  for (const line of [...whole.rows.map((row) => row.join(" | ")), ...whole.remarks]) console.log(line);
  if (out) writeFileSync(resolve(out), `${JSON.stringify(whole, undefined, 1)}\n`);
}
