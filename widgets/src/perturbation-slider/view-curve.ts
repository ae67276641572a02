import { setAttributes, svg } from "../shared/view/dom.js";
import { curvePoints } from "./state.js";

const heightPx = 72;
const edgePx = 8;
const tickDb = 5;

interface CurveContent {
  /** PSNR from one end of the slider to the other, dB; NaN where not computed yet. */
  curve: Float32Array | null;
  /** Where the slider is, 0 to 1, and the PSNR there. */
  position: number;
  psnr: number | null;
}

/** The PSNR along the slider, on the slider's own axis. */
export function psnrCurve() {
  const element = svg("svg", { class: "lv-slider-curve", height: heightPx, "aria-hidden": "true" });
  const draw = ({ curve, position, psnr }: CurveContent) => {
    const width = Math.max(160, element.clientWidth);
    setAttributes(element, { viewBox: `0 0 ${width} ${heightPx}` });
    const points = [...(curve ?? [])].map((value, index) => ({ share: index / (curvePoints - 1), value }));
    const known = points.filter(({ value }) => Number.isFinite(value));
    const values = [...known.map(({ value }) => value), ...(psnr === null ? [] : [psnr])];
    element.replaceChildren();
    if (values.length === 0) return;
    const low = Math.max(0, Math.floor(Math.min(...values) / tickDb) * tickDb);
    const high = Math.max(low + tickDb, Math.ceil(Math.max(...values) / tickDb) * tickDb);
    const xOf = (share: number) => edgePx + share * (width - 2 * edgePx);
    const yOf = (value: number) => 66 - ((Math.min(value, high) - low) / (high - low)) * 58;
    for (const tick of [low, high]) {
      const y = yOf(tick);
      element.append(
        svg("line", { x1: edgePx, x2: width - edgePx, y1: y, y2: y, stroke: "var(--lv-rule)" }),
        svg("text", { x: width + 2, y: y + 4 }, `${tick} dB`),
      );
    }
    // Infinite PSNR, an exact picture, is drawn at the top.
    const drawn = points.filter(({ value }) => !Number.isNaN(value));
    const path = drawn.map(
      ({ share, value }, index) => `${index ? "L" : "M"}${xOf(share).toFixed(1)} ${yOf(value).toFixed(1)}`,
    );
    element.append(
      svg("path", { d: path.join(""), fill: "none", stroke: "var(--lv-ink-solid)", "stroke-width": 1.5 }),
    );
    if (drawn.length === curvePoints) {
      // In the corner at the left that the line leaves free.
      const y = yOf(drawn[0]?.value ?? low) < heightPx / 2 ? yOf(low) - 6 : yOf(high) + 14;
      element.append(svg("text", { class: "lv-strong", x: edgePx, y }, "PSNR along the slider"));
    }
    if (psnr === null) return;
    const x = xOf(position);
    element.append(
      svg("line", { x1: x, x2: x, y1: yOf(psnr), y2: heightPx, stroke: "var(--lv-accent)" }),
      svg("circle", {
        cx: x,
        cy: yOf(psnr),
        r: 4,
        fill: "var(--lv-accent)",
        stroke: "var(--lv-paper)",
        "stroke-width": 1.5,
      }),
    );
  };
  return { element, draw };
}
