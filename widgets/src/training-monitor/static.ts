import { formatCount, formatQuantity } from "../shared/format.js";
import { curve, header, line, round, staticWidth, svgDocument, text } from "../shared/static-svg.js";
import { endLabels, readCurve, stepTicks, valueScale } from "./curves.js";
import { formatLossTick, latestText, readOutNames, readOuts, statusText } from "./read-outs.js";
import type { TrainingMonitorState } from "./state.js";

const plot = { left: 52, right: 500, top: 56, bottom: 260 };
const sideX = 610;

/** The loss curves and read-outs of the present state. */
export function drawTrainingMonitor(state: TrainingMonitorState): string {
  const { series, steps, columns, curves: values, latest } = state;
  const curves = series.map((_, index) => readCurve(values, index, columns, steps));
  const scale = valueScale(curves, state.axis);
  const xOf = (step: number) => round(plot.left + (step / steps) * (plot.right - plot.left));
  const yOf = (value: number) => round(plot.bottom - scale.shareOf(value) * (plot.bottom - plot.top));
  const doneX = xOf(state.step);
  let body =
    header(state.title, state.caption) +
    text(staticWidth, 24, statusText(state), { anchor: "end", tone: "ink" });
  for (const tick of scale.ticks) {
    body += line(plot.left, yOf(tick), plot.right, yOf(tick), "rule");
    body += text(plot.left - 6, yOf(tick) + 4, formatLossTick(tick), { anchor: "end", sizePx: 11 });
  }
  for (const tick of stepTicks(steps)) {
    body += line(xOf(tick), plot.bottom, xOf(tick), plot.bottom + 4, "ink3");
    const anchor = tick === 0 ? "start" : "middle";
    body += text(xOf(tick), plot.bottom + 16, tick === 0 ? "step 0" : formatCount(tick), {
      anchor,
      sizePx: 11,
    });
  }
  body += line(plot.left, plot.bottom, doneX, plot.bottom, "ink3");
  body += line(doneX, plot.bottom, plot.right, plot.bottom, "ink3", "2 4");
  for (const columnsOfSeries of curves) {
    const path = columnsOfSeries.map(({ step, minimum, maximum }, point) => {
      return `${point ? "L" : "M"}${xOf(step)} ${yOf(minimum)}V${yOf(maximum)}`;
    });
    body += curve(path.join(""), "fill2", 1);
  }
  curves.forEach((columnsOfSeries, index) => {
    const path = columnsOfSeries.map(
      ({ step, mean }, point) => `${point ? "L" : "M"}${xOf(step)} ${yOf(mean)}`,
    );
    body += curve(path.join(""), "ink", 1.5, index === 0 ? "" : "5 2");
  });
  for (const { name, value, labelY } of endLabels(series, latest, yOf, plot.bottom)) {
    body += text(doneX + 8, labelY, formatQuantity(value), { tone: "ink", sizePx: 11 });
    body += text(doneX + 8, labelY + 13, name, { sizePx: 11 });
  }
  const numbers = readOuts(state);
  (Object.keys(readOutNames) as (keyof typeof readOutNames)[]).forEach((key, row) => {
    body += text(sideX, plot.top + 8 + 20 * row, readOutNames[key]);
    body += text(staticWidth, plot.top + 8 + 20 * row, numbers[key], { anchor: "end", tone: "ink" });
  });
  if (latest.every((value) => value === null)) {
    body += text(plot.left + 12, plot.top + 24, "No step yet: monitor.push(event)");
  }
  if (state.error) body += text(0, plot.bottom + 44, `Failed: ${state.error.message}`, { tone: "ink" });
  return svgDocument(
    plot.bottom + (state.error ? 56 : 28),
    state.title,
    describeTrainingMonitor(state),
    body,
  );
}

export function describeTrainingMonitor(state: TrainingMonitorState): string {
  const values = readOuts(state);
  const losses = state.series.map((name, index) => latestText(name, state.latest[index] ?? null));
  const error = state.error ? `: ${state.error.message}` : "";
  return (
    `${state.title}: ${statusText(state)}${error}, step ${values.step}, ${losses.join(", ")}, ` +
    `${values.throughput}, elapsed ${values.elapsed}`
  );
}
