import { formatCount, formatQuantity } from "../shared/format.js";
import { setAttributes, svg } from "../shared/view/dom.js";
import { type CurveColumn, endLabels, readCurve, stepTicks, valueScale } from "./curves.js";
import { formatLossTick, latestText } from "./read-outs.js";
import type { LossAxis } from "./state.js";

export interface ChartContent {
  steps: number;
  step: number;
  series: string[];
  latest: (number | null)[];
  columns: number;
  curves: Float32Array;
  axis: LossAxis;
}

const margin = { left: 52, right: 100, top: 16, bottom: 24 };

/** The loss curves: raw values grey, running means ink, the second and later series dashed. */
export function lossChart() {
  const element = svg("svg", { class: "lv-monitor-chart", role: "img", tabindex: 0 });
  let content: ChartContent | null = null;
  let hoveredStep: number | null = null;

  const draw = () => {
    if (!content) return;
    const { steps, step, series, latest, columns, curves: values, axis } = content;
    const width = Math.max(280, element.clientWidth);
    const height = width < 560 ? 212 : 252;
    setAttributes(element, { viewBox: `0 0 ${width} ${height}`, height });
    const bottom = height - margin.bottom;
    const right = width - margin.right;
    const curves = series.map((_, index) => readCurve(values, index, columns, steps));
    const scale = valueScale(curves, axis);
    const xOf = (at: number) => margin.left + (at / steps) * (right - margin.left);
    const yOf = (value: number) => bottom - scale.shareOf(value) * (bottom - margin.top);
    const horizontal = (x1: number, x2: number, y: number, stroke: string, dash?: string) =>
      svg("line", { x1, x2, y1: y, y2: y, stroke, "stroke-dasharray": dash });

    element.replaceChildren();
    if (curves.some((curve) => curve.length > 0)) {
      for (const tick of scale.ticks) {
        const y = yOf(tick);
        element.append(
          horizontal(margin.left, right, y, "var(--lv-rule)"),
          svg("text", { x: margin.left - 6, y: y + 4, "text-anchor": "end" }, formatLossTick(tick)),
        );
      }
    }
    for (const tick of stepTicks(steps, width < 560 ? 3 : 6)) {
      const anchor = tick === 0 ? "start" : "middle";
      element.append(
        svg("line", { x1: xOf(tick), x2: xOf(tick), y1: bottom, y2: bottom + 4, stroke: "var(--lv-ink3)" }),
        svg(
          "text",
          { x: xOf(tick), y: bottom + 16, "text-anchor": anchor },
          tick === 0 ? "step 0" : formatCount(tick),
        ),
      );
    }
    element.append(
      horizontal(margin.left, xOf(step), bottom, "var(--lv-ink3)"),
      horizontal(xOf(step), right, bottom, "var(--lv-ink3)", "2 4"),
    );
    for (const curve of curves) {
      // Through both extremes of every column: a spike of one step is drawn in full.
      const path = curve.map(({ step: at, minimum, maximum }, point) => {
        return `${point ? "L" : "M"}${round(xOf(at))} ${round(yOf(minimum))}V${round(yOf(maximum))}`;
      });
      element.append(svg("path", { d: path.join(""), stroke: "var(--lv-fill2)", fill: "none" }));
    }
    curves.forEach((curve, index) => {
      const path = curve.map(
        ({ step: at, mean }, point) => `${point ? "L" : "M"}${round(xOf(at))} ${round(yOf(mean))}`,
      );
      element.append(
        svg("path", {
          d: path.join(""),
          fill: "none",
          stroke: "var(--lv-ink-solid)",
          "stroke-width": 1.5,
          "stroke-linejoin": "round",
          "stroke-dasharray": index === 0 ? null : "5 2",
        }),
      );
    });
    drawEnds(xOf(step), yOf, bottom);
    drawHovered(curves, xOf, yOf, bottom, right);
    const words = series.map((name, index) => latestText(name, latest[index] ?? null));
    element.setAttribute("aria-label", `loss curves to step ${step}: ${words.join(", ")}`);
  };

  function drawEnds(x: number, yOf: (value: number) => number, bottom: number): void {
    if (!content || hoveredStep !== null) return;
    const { series, latest } = content;
    for (const { name, value, y, labelY } of endLabels(series, latest, yOf, bottom)) {
      element.append(
        svg("circle", { cx: x, cy: y, r: 2.5, fill: "var(--lv-ink-solid)" }),
        svg("text", { class: "lv-strong", x: x + 6, y: labelY }, formatQuantity(value)),
        svg("text", { x: x + 6, y: labelY + 13 }, name),
      );
    }
  }

  function drawHovered(
    curves: CurveColumn[][],
    xOf: (step: number) => number,
    yOf: (value: number) => number,
    bottom: number,
    right: number,
  ): void {
    if (!content || hoveredStep === null) return;
    const at = hoveredStep;
    const step = closest(curves.flat(), at)?.step;
    if (step === undefined) return;
    // A series that was not finite there has no value there.
    const nearest = curves.map((curve) => curve.find((column) => column.step === step));
    const x = xOf(step);
    const leftwards = x > right - 60;
    element.append(svg("line", { x1: x, x2: x, y1: margin.top, y2: bottom, stroke: "var(--lv-ink3)" }));
    const means = nearest.map((column) => column?.mean ?? null);
    const side = leftwards ? { x: x - 6, "text-anchor": "end" } : { x: x + 6, "text-anchor": "start" };
    for (const { name, value, y, labelY } of endLabels(content.series, means, yOf, bottom, 16)) {
      element.append(
        svg("circle", { cx: x, cy: y, r: 3, fill: "var(--lv-paper)", stroke: "var(--lv-ink-solid)" }),
        svg("text", { class: "lv-strong", ...side, y: labelY - 6 }, latestText(name, value)),
      );
    }
    element.append(svg("text", { x, y: margin.top - 4, "text-anchor": "middle" }, formatCount(step)));
  }

  return {
    element,
    show(newContent: ChartContent): void {
      content = newContent;
      draw();
    },
    redraw: draw,
    /** Marks the values at a step, or the lines' ends (`null`). */
    hover(step: number | null): void {
      hoveredStep = step;
      draw();
    },
    /** The step under a place of the page. */
    stepAt(clientX: number): number {
      const box = element.getBoundingClientRect();
      const share = (clientX - box.left - margin.left) / (box.width - margin.left - margin.right);
      return Math.min(1, Math.max(0, share)) * (content?.steps ?? 0);
    },
  };
}

function closest(curve: readonly CurveColumn[], step: number): CurveColumn | undefined {
  let best: CurveColumn | undefined;
  for (const column of curve) {
    if (!best || Math.abs(column.step - step) < Math.abs(best.step - step)) best = column;
  }
  return best;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
