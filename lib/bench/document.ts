import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type KernelReport, toKernelTable } from "./kernel-report.js";
import { type MemoryReport, toMemorySection } from "./memory-report.js";
import { type Report, toRemarks, toTable } from "./report.js";
import { toVaeRemarks, toVaeTable, type VaeReport } from "./vae-report.js";

type AnyReport = Report | VaeReport | MemoryReport | KernelReport;

/** A report as a section in Markdown: where it was measured, how, and the table. */
export function toSection(report: AnyReport): string {
  if (report.benchmark === "memory") return toMemorySection(report);
  const { hardware, versions, date, command } = report;
  const gibibytes = Math.round(hardware.memoryBytes / 2 ** 30);
  const machine = `${hardware.gpu ? `${hardware.gpu}; ` : ""}${hardware.cpu}, ${hardware.threads} threads, ${gibibytes} GiB`;
  const runs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const [table, reasons] = describe(report);
  const remarks = reasons.map((remark) => `- ${remark}`);
  return [
    `${machine}. ${runs.join("; ")}. ${date.slice(0, 10)}, by \`${command}\`:`,
    table,
    ...(remarks.length > 0 ? [remarks.join("\n")] : []),
  ].join("\n\n");
}

/** The table and the remarks below it. */
function describe(report: Exclude<AnyReport, MemoryReport>): [table: string, remarks: readonly string[]] {
  if (report.benchmark === "vae") return [toVaeTable(report), toVaeRemarks(report)];
  if (report.benchmark === "engines") return [toTable(report), toRemarks(report)];
  return [toKernelTable(report), report.remarks];
}

/**
 * Puts reports into a document, between the lines `<!-- FILE.json -->` and `<!-- /FILE.json -->` that name them.
 *
 * @param folder of the JSON files
 */
export function fillDocument(text: string, folder: string): string {
  return text.replace(/(<!-- (\S+\.json) -->\n)[\s\S]*?(<!-- \/\2 -->)/g, (_, start, name, end) => {
    const report: AnyReport = JSON.parse(readFileSync(path.join(folder, name), "utf8"));
    return `${start}\n${toSection(report)}\n\n${end}`;
  });
}

/** `npm run bench -- document FILE.md`: brings a document's tables up to date with the reports beside it. */
export function updateDocument(file: string): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, fillDocument(text, path.join(path.dirname(file), "benchmarks")));
}
