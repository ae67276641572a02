/** What `npm run bench -- engines` writes: everything that was measured, and where. Times are in milliseconds. */
export interface Report {
  benchmark: "engines";
  /** ISO 8601, when it began. */
  date: string;
  command: string;
  hardware: { cpu: string; threads: number; memoryBytes: number; gpu: string | undefined };
  versions: Record<string, string>;
  results: Result[];
}

/** One model on one device in one precision, everybody interleaved. */
export interface Result {
  model: string;
  title: string;
  parameters: number;
  batch: number;
  device: "cpu" | "cuda";
  precision: string;
  contenders: Measurement[];
}

export interface Measurement {
  /** One of our engines, or `pytorch`. */
  name: string;
  /** Ours: `plain` or `compiled`. PyTorch's: `eager`, `graph`, `compile`, `max-autotune`. */
  mode: string;
  /** Why there are no numbers. */
  error?: string;
  /** Median of the rounds: a step's time. */
  ms?: number;
  /** A step's time in each round. */
  rounds?: number[];
  stepsPerRound?: number;
  /** Of the first steps. */
  losses?: number[];
  /** Largest relative difference of those from PyTorch's eager ones. */
  lossDifference?: number;
  /** The most GPU memory in use at once. */
  peakBytes?: number;
  /** From choosing the engine to the end of the first step; `startMs` of it is the choice alone. */
  firstStepMs?: number;
  startMs?: number;
  /** Whether a step replays a captured graph. */
  captured?: boolean;
  /** PyTorch's memory format, the faster one of both. */
  channelsLast?: boolean;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Largest relative difference of two runs' losses, step by step. */
export function largestDifference(losses: number[], reference: number[]): number {
  const differences = reference.map((expected, step) =>
    Math.abs((losses[step] ?? Number.NaN) / expected - 1),
  );
  return differences.some(Number.isNaN) ? Number.NaN : Math.max(...differences);
}

const columns = [
  "model",
  "device",
  "precision",
  "engine",
  "ms a step",
  "PyTorch eager",
  "graph",
  "compile",
  "/ eager",
  "/ graph",
  "/ best",
  "peak memory, PyTorch's",
  "first step",
  "loss differs by",
];

/** The results as a table in Markdown, one row for each of our engines and ways to step. */
export function toTable({ results }: Report): string {
  const rows = results.flatMap((result) =>
    result.contenders.filter(({ name }) => name !== "pytorch").map((ours) => toRow(result, ours)),
  );
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}

function toRow(result: Result, ours: Measurement): string[] {
  const peer = (mode: string) =>
    result.contenders.find(({ name, mode: m }) => name === "pytorch" && m === mode);
  const eager = peer("eager");
  const graph = peer("graph");
  const compiled = fastest([peer("compile"), peer("max-autotune")]);
  const best = fastest([eager, graph, compiled]);
  const label = ours.mode === "compiled" && ours.captured ? `${ours.name}, captured` : ours.name;
  const head = [`${result.model}, batch ${result.batch}`, result.device, result.precision, label];
  if (ours.ms === undefined)
    return [...head, "not here", ...Array(columns.length - head.length - 1).fill("")];
  return [
    ...head,
    milliseconds(ours.ms),
    milliseconds(eager?.ms),
    milliseconds(graph?.ms),
    milliseconds(compiled?.ms),
    ratio(ours.ms, eager?.ms),
    ratio(ours.ms, graph?.ms),
    ratio(ours.ms, best?.ms),
    `${gibibytes(ours.peakBytes)}, ${gibibytes((ours.captured ? graph : eager)?.peakBytes)}`,
    ours.firstStepMs === undefined ? "" : `${(ours.firstStepMs / 1000).toFixed(1)} s`,
    ours.lossDifference === undefined ? "" : ours.lossDifference.toExponential(0),
  ];
}

/** Reasons of all that could not be measured. */
export function toRemarks({ results }: Report): string[] {
  return results.flatMap(({ model, precision, contenders }) =>
    contenders
      .filter(({ error }) => error)
      .map(({ name, mode, error }) => `${model} ${precision}, ${name} ${mode}: ${error}`),
  );
}

function fastest(measurements: (Measurement | undefined)[]): Measurement | undefined {
  const measured = measurements.filter((one) => one?.ms !== undefined) as (Measurement & { ms: number })[];
  return measured.sort((a, b) => a.ms - b.ms)[0];
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? "–" : ms < 100 ? ms.toPrecision(3) : ms.toFixed(0);
}

function ratio(ours: number, theirs: number | undefined): string {
  return theirs === undefined ? "–" : (ours / theirs).toFixed(2);
}

function gibibytes(bytes: number | undefined): string {
  return bytes === undefined ? "–" : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
