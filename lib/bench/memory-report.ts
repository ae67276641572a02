import type { EngineDescription } from "../src/index.js";

/** Taken between steps. */
export interface Sample {
  step: number;
  /** TensorFlow.js's own count, and the engine's. */
  tensors: number;
  engineTensors: number;
  engineBytes: number;
  reservedBytes: number | undefined;
  residentBytes: number;
  loss: number;
}

export interface MemoryReport {
  benchmark: "memory";
  date: string;
  command: string;
  description: EngineDescription;
  /** What grew; nothing where memory stayed flat. */
  findings: string[];
  samples: Sample[];
}

const shownSamples = 4;

/** A report as a section in Markdown: where, how, and some of the samples. */
export function toMemorySection({ description, date, command, findings, samples }: MemoryReport): string {
  const { name, version, device } = description;
  const stride = samples.length / shownSamples;
  const shown = Array.from(
    { length: shownSamples },
    (_, index) => samples[Math.ceil((index + 1) * stride) - 1],
  );
  const rows = shown.flatMap((sample) => (sample ? [toRow(sample)] : []));
  return [
    `${name} ${version} on ${device}. ${date.slice(0, 10)}, by \`${command}\`: ${findings.length === 0 ? "flat" : findings.join("; ")}.`,
    [
      "| step | tensors | the engine's | MiB of these | resident MiB |",
      "| --- | --- | --- | --- | --- |",
      ...rows,
    ].join("\n"),
  ].join("\n\n");
}

function toRow({ step, tensors, engineTensors, engineBytes, residentBytes }: Sample): string {
  const cells = [step, tensors, engineTensors, mebibytes(engineBytes), mebibytes(residentBytes)];
  return `| ${cells.join(" | ")} |`;
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
