import type { TopLevelSpec } from "vega-lite";
import { formatSigned } from "../shared/format.js";
import { axisTicks, cutOutline, normalDensity, outline, type Panel } from "./densities.js";

/** The tokens of the style sheet that a chart needs, resolved for the present theme. */
export interface ChartColours {
  ink: string;
  ink2: string;
  ink3: string;
  fill: string;
  fill2: string;
  font: string;
}

/** The part of Vega-Lite's position channels that a panel uses. */
interface PositionField {
  field: string;
  type: "quantitative";
  scale: { domain: [number, number]; nice: boolean; clamp?: boolean };
}

interface PanelSpecOptions {
  panel: Panel;
  widthPx: number;
  /** The axes that all panels share. */
  end: number;
  top: number;
  colours: ChartColours;
  /** Whether to write "N(0, 1)" beside the dashed curve. */
  named: boolean;
}

/** One channel's histogram against N(0, 1) in Vega-Lite: areas, outline, the normal's curve and its name. */
export function panelSpec({ panel, widthPx, end, top, colours, named }: PanelSpecOptions): TopLevelSpec {
  const points = outline(panel, end);
  const parts = [
    ...cutOutline(points, -end, -1).map((point) => ({ ...point, part: "below" })),
    ...cutOutline(points, -1, 1).map((point) => ({ ...point, part: "inside" })),
    ...cutOutline(points, 1, end).map((point) => ({ ...point, part: "above" })),
  ];
  const normal = Array.from({ length: 121 }, (_, index) => {
    const z = -end + (2 * end * index) / 120;
    return { z, density: normalDensity(z) };
  });
  const x: PositionField = { field: "z", type: "quantitative", scale: { domain: [-end, end], nice: false } };
  const y: PositionField = {
    field: "density",
    type: "quantitative",
    scale: { domain: [0, top], nice: false, clamp: true },
  };
  const axis = {
    values: axisTicks(end),
    labelExpr: axisTicks(end)
      .map((tick) => `datum.value === ${tick} ? '${tick === 0 ? "0" : formatSigned(tick, 0)}' : `)
      .join("")
      .concat("''"),
    title: null,
    grid: false,
    domainColor: colours.ink3,
    tickColor: colours.ink3,
    tickSize: 4,
    labelColor: colours.ink2,
    labelFontSize: 11,
    labelPadding: 3,
    labelBound: false,
    labelOverlap: false,
  };
  return {
    width: widthPx,
    height: 104,
    background: "transparent",
    padding: { left: 0, top: 0, right: 0, bottom: 20 },
    // Exact size: the panel lines up with the numbers below it.
    autosize: "none",
    config: { font: colours.font, view: { stroke: null } },
    encoding: { x: { ...x, axis }, y: { ...y, axis: null } },
    layer: [
      {
        data: { values: parts },
        mark: { type: "area", interpolate: "linear" },
        encoding: {
          // The parts lie side by side; Vega-Lite would stack them.
          y: { ...y, axis: null, stack: null },
          detail: { field: "part" },
          fill: {
            field: "part",
            type: "nominal",
            scale: {
              domain: ["below", "inside", "above"],
              range: [colours.fill2, colours.fill, colours.fill2],
            },
            legend: null,
          },
        },
      },
      {
        data: { values: points.map((point, order) => ({ ...point, order })) },
        mark: { type: "line", stroke: colours.ink3, strokeWidth: 1 },
        encoding: { order: { field: "order", type: "quantitative" } },
      },
      {
        data: { values: normal },
        mark: { type: "line", stroke: colours.ink, strokeWidth: 1.5, strokeDash: [4, 2] },
      },
      {
        data: { values: named ? [{ z: 1.15, density: 0.32, name: "N(0, 1)" }] : [] },
        mark: { type: "text", align: "left", baseline: "alphabetic", fontSize: 11, fill: colours.ink },
        encoding: { text: { field: "name" } },
      },
    ],
  };
}
