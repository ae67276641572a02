import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Report, toRemarks, toTable } from "./report.js";
import { toVaeRemarks, toVaeTable, type VaeReport } from "./vae-report.js";

/** A report as a section in Markdown: where it was measured, how, and the table. */
export function toSection(report: Report | VaeReport): string {
  const { hardware, versions, date, command } = report;
  const gibibytes = Math.round(hardware.memoryBytes / 2 ** 30);
  const machine = `${hardware.gpu ? `${hardware.gpu}; ` : ""}${hardware.cpu}, ${hardware.threads} threads, ${gibibytes} GiB`;
  const runs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const [table, reasons] =
    report.benchmark === "vae"
      ? [toVaeTable(report), toVaeRemarks(report)]
      : [toTable(report), toRemarks(report)];
  const remarks = reasons.map((remark) => `- ${remark}`);
  return [
    `${machine}. ${runs.join("; ")}. ${date.slice(0, 10)}, by \`${command}\`:`,
    table,
    ...(remarks.length > 0 ? [remarks.join("\n")] : []),
  ].join("\n\n");
}

/**
 * Puts reports into a document, between the lines `<!-- FILE.json -->` and `<!-- /FILE.json -->` that name them.
 *
 * @param folder of the JSON files
 */
export function fillDocument(text: string, folder: string): string {
  return text.replace(/(<!-- (\S+\.json) -->\n)[\s\S]*?(<!-- \/\2 -->)/g, (_, start, name, end) => {
    const report: Report | VaeReport = JSON.parse(readFileSync(path.join(folder, name), "utf8"));
    return `${start}\n${toSection(report)}\n\n${end}`;
  });
}

/** `npm run bench -- document FILE.md`: brings a document's tables up to date with the reports beside it. */
export function updateDocument(file: string): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, fillDocument(text, path.join(path.dirname(file), "benchmarks")));
}
