import { formatNumber, formatSigned, formatTick } from "../format.js";
import { paintSigned, pixelCanvas } from "./canvas.js";
import { html, svg } from "./dom.js";

interface BarContent {
  label: string;
  range: number;
  table: Uint8Array;
  /** Smallest and largest value of the set, drawn as a bracket. */
  extent?: readonly [number, number];
  /** A value to mark. */
  value?: number | null;
  /** Ticks at the half range too. */
  halves?: boolean;
}

/** The legend of a signed map: a bar with ticks, the set's extent and a marker of one value. */
export function colourBar(widthPx: number) {
  const labelElement = html("div", { class: "lv-label" });
  const canvas = pixelCanvas(257, 1);
  canvas.style.cssText = `width:${widthPx}px;height:8px`;
  const scale = svg("svg", { width: widthPx, height: 20, "aria-hidden": "true" });
  const element = html(
    "div",
    { class: "lv-bar", style: `width:${widthPx}px` },
    labelElement,
    html("div", { class: "lv-frame" }, canvas),
    scale,
  );

  const set = ({ label, range, table, extent, value, halves }: BarContent) => {
    labelElement.textContent = label;
    paintSigned(canvas, 257, 1, (_, column) => (column / 128 - 1) * range, range, table);
    const xOf = (position: number) => (Math.min(1, Math.max(-1, position / range)) / 2 + 0.5) * widthPx;
    const ticks = halves ? [-range, -range / 2, 0, range / 2, range] : [-range, 0, range];
    const step = halves ? range / 2 : range;
    scale.replaceChildren(
      ...ticks.flatMap((tick, index) => {
        const anchor = index === 0 ? "start" : index === ticks.length - 1 ? "end" : "middle";
        return [
          svg("line", { x1: xOf(tick), x2: xOf(tick), y1: 0, y2: 4, stroke: "var(--lv-ink3)" }),
          svg("text", { x: xOf(tick), y: 15, "text-anchor": anchor }, formatTick(tick, step)),
        ];
      }),
    );
    scale.setAttribute("height", extent ? "40" : "20");
    if (extent) scale.append(...bracket(extent, xOf, widthPx));
    if (value !== null && value !== undefined) scale.append(...marker(xOf(value)));
  };
  return { element, set };
}

function bracket(
  [low, high]: readonly [number, number],
  xOf: (value: number) => number,
  widthPx: number,
): Element[] {
  const stroke = "var(--lv-ink3)";
  return [
    svg("line", { x1: xOf(low), x2: xOf(high), y1: 24, y2: 24, stroke }),
    ...[low, high].map((end) => svg("line", { x1: xOf(end), x2: xOf(end), y1: 21, y2: 27, stroke })),
    svg(
      "text",
      { x: widthPx / 2, y: 38, "text-anchor": "middle" },
      `in this set ${formatNumber(low)} … ${formatSigned(high)}`,
    ),
  ];
}

function marker(x: number): Element[] {
  return [
    svg("path", { d: `M${x} -9l-4 -6h8z`, fill: "var(--lv-accent)" }),
    svg("line", { x1: x, x2: x, y1: -9, y2: 2, stroke: "var(--lv-accent)", "stroke-width": 1.5 }),
  ];
}
