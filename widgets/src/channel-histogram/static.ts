import { formatNumber, formatShare, formatSigned } from "../shared/format.js";
import { area, curve, header, line, round, staticWidth, svgDocument, text } from "../shared/static-svg.js";
import {
  axisEnd,
  axisTicks,
  cutOutline,
  type DensityPoint,
  densityEnd,
  normalDensity,
  outline,
  type Panel,
  panelsOf,
} from "./densities.js";
import type { ChannelHistogramState } from "./state.js";

const labelWidthPx = 92;
const gapPx = 16;
const plotHeightPx = 104;
const rowHeightPx = 20;
const rows: readonly (readonly [name: string, value: (panel: Panel) => string])[] = [
  ["mean", (panel) => formatSigned(panel.mean)],
  ["std", (panel) => formatNumber(panel.std)],
  ["outside [−1, 1]", (panel) => formatShare(panel.outside)],
  ["factor 1/std", (panel) => formatNumber(panel.factor, 3)],
];
const blockHeightPx = 44 + plotHeightPx + rows.length * rowHeightPx + 24;

/** The encoder and scale that the view shows, as SVG: a histogram and four numbers a channel, at most four abreast. */
export function drawChannelHistogram(state: ChannelHistogramState): string {
  const panels = shownPanels(state);
  const abreast = Math.min(4, panels.length);
  const width = (staticWidth - labelWidthPx - abreast * gapPx) / abreast;
  const end = axisEnd(panels);
  const top = densityEnd(panels, end);
  const name =
    state.encoders.length > 1 ? `${state.encoders[state.encoder]?.name}; ${state.caption}` : state.caption;
  let body = header(state.title, name);
  panels.forEach((panel, index) => {
    const x = labelWidthPx + gapPx + (index % abreast) * (width + gapPx);
    const y = 44 + Math.floor(index / abreast) * blockHeightPx;
    body += drawPanel(panel, x, y, width, end, top, index === 0);
    if (index % abreast === 0) body += rowNames(y + 44 + plotHeightPx);
  });
  const height = 44 + Math.ceil(panels.length / abreast) * blockHeightPx;
  return svgDocument(height, state.title, describeChannelHistogram(state), body);
}

function drawPanel(
  panel: Panel,
  x: number,
  y: number,
  width: number,
  end: number,
  top: number,
  named: boolean,
) {
  const base = y + 20 + plotHeightPx;
  const xOf = (z: number) => round(x + ((z + end) / (2 * end)) * width);
  const yOf = (density: number) => round(base - (Math.min(density, top) / top) * (plotHeightPx - 6));
  const path = (points: readonly DensityPoint[]) =>
    points.map(({ z, density }, index) => `${index ? "L" : "M"}${xOf(z)} ${yOf(density)}`).join("");
  const closed = (points: readonly DensityPoint[]) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? `${path(points)}L${xOf(last.z)} ${base}L${xOf(first.z)} ${base}Z` : "";
  };
  const points = outline(panel, end);
  const normal = Array.from({ length: 81 }, (_, index) => {
    const z = -end + (2 * end * index) / 80;
    return { z, density: normalDensity(z) };
  });
  let drawing = text(x, y + 12, `channel ${panel.channel}`, { tone: "ink" });
  drawing += area(closed(cutOutline(points, -1, 1)), "fill");
  drawing += area(closed(cutOutline(points, -end, -1)) + closed(cutOutline(points, 1, end)), "fill2");
  drawing += curve(path(points), "ink3", 1) + curve(path(normal), "ink", 1.5, "4 2");
  drawing += line(x, base, x + width, base, "ink3");
  for (const tick of axisTicks(end)) {
    drawing += line(xOf(tick), base, xOf(tick), base + 4, "ink3");
    const label = tick === 0 ? "0" : formatSigned(tick, 0);
    drawing += text(xOf(tick), base + 15, label, { sizePx: 11, anchor: "middle" });
  }
  if (named) drawing += text(xOf(1.15), yOf(0.32), "N(0, 1)", { sizePx: 11, tone: "ink" });
  rows.forEach(([, value], row) => {
    const bottom = base + 24 + (row + 1) * rowHeightPx;
    drawing += line(x, bottom - rowHeightPx, x + width, bottom - rowHeightPx, "rule");
    drawing += text(x + width, bottom - 6, value(panel), { tone: "ink", anchor: "end" });
  });
  return drawing;
}

function rowNames(top: number): string {
  return rows
    .map(([name], row) => {
      const bottom = top + (row + 1) * rowHeightPx;
      return (
        line(0, bottom - rowHeightPx, labelWidthPx + gapPx, bottom - rowHeightPx, "rule") +
        text(0, bottom - 6, name)
      );
    })
    .join("");
}

function shownPanels(state: ChannelHistogramState): Panel[] {
  const encoder = state.encoders[state.encoder] ?? state.encoders[0];
  return encoder ? panelsOf(encoder, state.scale) : [];
}

/** The figure as a table in words; every encoder in the scale shown. */
export function describeChannelHistogram(state: ChannelHistogramState): string {
  const lines = [`${state.title}: channels against N(0, 1), which has 31.7 % outside [−1, 1]`];
  for (const encoder of state.encoders) {
    lines.push(`${encoder.name}: one factor 1/std = ${formatNumber(encoder.flattened.scaleFactor, 3)}`);
    for (const panel of panelsOf(encoder, state.scale)) {
      const values = rows.map(([name, value]) => `${name} ${value(panel).trim()}`);
      lines.push(`  channel ${panel.channel}: ${values.join(", ")}`);
    }
  }
  return lines.join("\n");
}
