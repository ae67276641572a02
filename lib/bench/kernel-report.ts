/** What `npm run bench -- kernel`, `soak` and `conformance` write: a table as it is shown. */
export interface KernelReport {
  benchmark: "kernel" | "soak" | "conformance";
  date: string;
  /** Repeats it. */
  command: string;
  hardware: { cpu: string; gpu?: string; threads: number; memoryBytes: number };
  versions: Record<string, string>;
  columns: string[];
  rows: string[][];
  remarks: string[];
}

/** The report's table in Markdown. */
export function toKernelTable({ columns, rows }: KernelReport): string {
  const lines = [columns, columns.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
