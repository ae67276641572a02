import type { Report } from "./report.js";

/** What `npm run bench -- vae` writes. Times are in milliseconds. */
export interface VaeReport extends Pick<Report, "date" | "command" | "hardware" | "versions"> {
  benchmark: "vae";
  results: VaeResult[];
}

/** One model on one device in one precision, everybody interleaved. */
export interface VaeResult {
  /** A name of `vaeConfigs`. */
  model: string;
  parameters: number;
  /** Height and width of the pictures, in pixels. */
  size: number;
  /** Pictures a call. */
  batch: number;
  device: "cpu" | "cuda";
  precision: string;
  contenders: VaeMeasurement[];
}

export const directions = ["encode", "decode"] as const;
export type Direction = (typeof directions)[number];

export interface VaeMeasurement {
  /** One of our engines, or `diffusers`. */
  name: string;
  /** Ours: `plain` or `compiled`. That of diffusers: `eager`. */
  mode: string;
  /** Why there are no numbers. */
  error?: string;
  /** Whether calls replay a captured graph. */
  captured?: boolean;
  times?: Record<Direction, Times>;
  /** Largest difference from what diffusers computes, by the largest of its numbers. */
  difference?: Record<Direction, number>;
  /** Those of diffusers: the faster memory format of each. */
  formats?: Record<Direction, string>;
}

export interface Times {
  /** Median of the rounds: one call's time. */
  ms: number;
  /** A call's time in each round. */
  rounds: number[];
  callsPerRound: number;
}

const columns = [
  "model",
  "pictures",
  "device",
  "precision",
  "by",
  "encode, ms",
  "pictures/s",
  "/ diffusers",
  "decode, ms",
  "pictures/s",
  "/ diffusers",
  "latents, pictures differ by",
];

/** The results as a table in Markdown, one row for each of our engines and for diffusers. */
export function toVaeTable({ results }: VaeReport): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rows = results.flatMap((result) => result.contenders.map((one) => toRow(result, one)));
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}

function toRow(result: VaeResult, { name, mode, captured, times, difference }: VaeMeasurement): string[] {
  const { model, size, batch, device, precision, contenders } = result;
  const by = mode === "compiled" && captured ? `${name}, captured` : name;
  const head = [model, `${batch} of ${size} x ${size}`, device, precision, by];
  if (!times) return [...head, "not here", ...Array(columns.length - head.length - 1).fill("")];
  const reference = contenders.find((one) => one.name === "diffusers")?.times;
  const cells = directions.flatMap((direction) => {
    const { ms } = times[direction];
    const ratio = reference ? (ms / reference[direction].ms).toFixed(2) : "–";
    return [short(ms), short((1000 * batch) / ms), name === "diffusers" ? "" : ratio];
  });
  const differences = difference
    ? directions.map((direction) => difference[direction].toExponential(0)).join(", ")
    : name === "diffusers"
      ? ""
      : "–";
  return [...head, ...cells, differences];
}

/** Reasons of all that could not be measured. */
export function toVaeRemarks({ results }: VaeReport): string[] {
  return results.flatMap(({ model, precision, contenders }) =>
    contenders
      .filter(({ error }) => error)
      .map(({ name, mode, error }) => `${model} ${precision}, ${name} ${mode}: ${error}`),
  );
}

/** Largest difference by the largest number; NaN where the lengths differ or a number is none. */
export function relativeDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Number.NaN;
  let largest = 0;
  let difference = 0;
  for (let index = 0; index < theirs.length; index++) {
    const gap = Math.abs((ours[index] as number) - (theirs[index] as number));
    if (Number.isNaN(gap)) return Number.NaN;
    difference = Math.max(difference, gap);
    largest = Math.max(largest, Math.abs(theirs[index] as number));
  }
  return difference / largest;
}

function short(value: number): string {
  return value < 100 ? value.toPrecision(3) : value.toFixed(0);
}
