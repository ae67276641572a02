import embed, { type Result } from "vega-embed";
import { formatNumber, formatShare, formatSigned } from "../shared/format.js";
import { choice, dropDown, facts } from "../shared/view/controls.js";
import { html, label } from "../shared/view/dom.js";
import { onChange, write } from "../shared/view/model.js";
import { onResize, perFrame } from "../shared/view/scheduling.js";
import { defineView, errorNote, header, liveRegion } from "../shared/view/shell.js";
import { onThemeChange } from "../shared/view/theme.js";
import { axisEnd, densityEnd, normalShareBelow, type Panel, panelsOf, shareBetween } from "./densities.js";
import type { ChannelHistogramState, ScaleMode } from "./state.js";
import { type ChartColours, panelSpec } from "./view-spec.js";

const rowNames = {
  mean: "mean",
  std: "std",
  outside: "outside [−1, 1]",
  factor: "factor 1/std",
  brush: "in range",
};
const dragSlackPx = 3;
const abreast = 4;

export default defineView<ChannelHistogramState>(({ model, root, signal }) => {
  const live = liveRegion(signal);
  const body = html("div", { class: "lv-histogram" });
  const charts: Result[] = [];
  let drawing = 0;

  const encoders = model.get("encoders");
  const encoderChoice = dropDown({
    label: "encoder",
    options: encoders.map(({ name }, index) => [index, name] as const),
    value: model.get("encoder"),
    onChange: (encoder) => write(model, { encoder }),
    signal,
  });
  const scaleChoice = choice<ScaleMode>({
    label: "scale",
    options: [
      ["raw", "raw"],
      ["one", "one factor"],
      ["channel", "per channel"],
    ],
    value: model.get("scale"),
    onChange: (scale) => write(model, { scale, brush: null }),
    signal,
  });
  const range = rangeFields((brush) => write(model, { brush }), signal);
  const controls = encoders.length > 1 ? [encoderChoice.element, scaleChoice.element] : [scaleChoice.element];
  root.append(
    header(model.get("title"), model.get("caption"), ...controls).element,
    body,
    range.element,
    live.element,
  );

  const shown = () => {
    const encoder = model.get("encoders")[model.get("encoder")];
    return encoder ? panelsOf(encoder, model.get("scale")) : [];
  };

  async function draw() {
    const current = ++drawing;
    const panels = shown();
    const end = axisEnd(panels);
    const top = densityEnd(panels, end);
    const colours = coloursOf(root);
    const parts = panels.map(panelElements);
    body.replaceChildren(
      ...parts.flatMap(({ element }, index) =>
        index % abreast === 0 ? [rowNameColumn(), element] : [element],
      ),
    );
    body.style.setProperty("--lv-panels", String(Math.min(abreast, panels.length)));
    for (const chart of charts.splice(0)) chart.finalize();
    for (const [index, panel] of panels.entries()) {
      const part = parts[index];
      if (!part) continue;
      const widthPx = Math.max(80, Math.floor(part.element.clientWidth));
      const spec = panelSpec({ panel, widthPx, end, top, colours, named: index === 0 });
      // The interpreter of expressions works where a page's policy forbids eval.
      const chart = await embed(part.plot, spec, {
        actions: false,
        ast: true,
        renderer: "svg",
        defaultStyle: false,
      });
      if (current !== drawing || signal.aborted) {
        chart.finalize();
        return;
      }
      charts.push(chart);
      listenToDrag(part.plot, part.band, end, (brush) => write(model, { brush }), signal);
    }
    fill();

    function fill() {
      const brush = model.get("brush");
      for (const [index, panel] of panels.entries()) parts[index]?.fill(panel, brush, end);
      range.show(brush);
      body.querySelectorAll("[data-name=brush]").forEach((name) => {
        name.textContent = brushName(brush);
      });
      body.dataset.drawn = `${model.get("encoder")} ${model.get("scale")}`;
      if (brush)
        live.say(panels.map((panel) => `channel ${panel.channel}: ${shareText(panel, brush)}`).join(", "));
    }
    refill = fill;
  }
  let refill = () => {};

  const redraw = perFrame(() => {
    encoderChoice.show(model.get("encoder"));
    scaleChoice.show(model.get("scale"));
    draw().catch((error) => {
      body.replaceChildren(errorNote("The histograms cannot be drawn.", error));
      console.error(error);
    });
  }, signal);
  onChange(model, ["encoders", "encoder", "scale"], redraw, signal);
  onChange(model, ["brush"], () => refill(), signal);
  onThemeChange(redraw, signal);
  onResize(root, redraw, signal);
  signal.addEventListener("abort", () => {
    for (const chart of charts) chart.finalize();
  });
});

function panelElements(panel: Panel) {
  const plot = html("div", {
    class: "lv-histogram-plot",
    role: "img",
    "aria-label":
      `channel ${panel.channel}: mean ${formatSigned(panel.mean)}, std ${formatNumber(panel.std)}, ` +
      `${formatShare(panel.outside)} outside minus one to one; unit normal 31.7 %`,
  });
  const band = html("div", { class: "lv-histogram-band", hidden: true });
  const list = facts(rowNames);
  list.set("mean", formatSigned(panel.mean));
  list.set("std", formatNumber(panel.std));
  list.set("outside", formatShare(panel.outside));
  list.set("factor", formatNumber(panel.factor, 3));
  const element = html(
    "div",
    { class: "lv-histogram-panel" },
    label("channel ", String(panel.channel)),
    html("div", { class: "lv-histogram-field" }, band, plot),
    list.element,
  );
  const fill = (current: Panel, brush: [number, number] | null, end: number) => {
    list.set("brush", brush ? shareText(current, brush) : "–");
    band.hidden = !brush;
    if (!brush) return;
    const [left, right] = brush.map((z) => Math.min(1, Math.max(0, (z / end + 1) / 2)));
    band.style.left = `${100 * (left ?? 0)}%`;
    band.style.width = `max(1px, ${100 * ((right ?? 0) - (left ?? 0))}%)`;
  };
  return { element, plot, band, fill };
}

/** The names of the rows, once for the panels abreast. */
function rowNameColumn(): HTMLElement {
  const names = Object.entries(rowNames).map(([key, name]) =>
    html("div", { class: "lv-fact" }, html("span", { class: "lv-fact-name", "data-name": key }, name)),
  );
  return html("div", { class: "lv-facts lv-histogram-names", "aria-hidden": "true" }, ...names);
}

/** Drag in a panel marks a range of values; a click without drag clears it. */
function listenToDrag(
  plot: HTMLElement,
  band: HTMLElement,
  end: number,
  onBrush: (brush: [number, number] | null) => void,
  signal: AbortSignal,
): void {
  let startX: number | null = null;
  const valueAt = (clientX: number) => {
    const box = plot.getBoundingClientRect();
    return Math.max(-1, Math.min(1, (2 * (clientX - box.left)) / box.width - 1)) * end;
  };
  const brushTo = (clientX: number): [number, number] | null => {
    if (startX === null || Math.abs(clientX - startX) < dragSlackPx) return null;
    const [from, to] = [valueAt(startX), valueAt(clientX)];
    return [Math.min(from, to), Math.max(from, to)];
  };
  const show = perFrame((clientX: number) => {
    const brush = brushTo(clientX);
    band.hidden = !brush;
    if (!brush) return;
    band.style.left = `${50 * (brush[0] / end + 1)}%`;
    band.style.width = `${(50 * (brush[1] - brush[0])) / end}%`;
  }, signal);
  plot.addEventListener(
    "pointerdown",
    (event) => {
      event.preventDefault();
      startX = event.clientX;
      plot.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  plot.addEventListener("pointermove", (event) => startX !== null && show(event.clientX), { signal });
  plot.addEventListener(
    "pointerup",
    (event) => {
      const brush = brushTo(event.clientX);
      startX = null;
      onBrush(brush);
    },
    { signal },
  );
}

/** The same range by keyboard: two number fields and a button. */
function rangeFields(onBrush: (brush: [number, number] | null) => void, signal: AbortSignal) {
  const from = html("input", { type: "number", step: 0.1, "aria-label": "range from" });
  const to = html("input", { type: "number", step: 0.1, "aria-label": "range to" });
  const clear = html("button", { class: "lv-button", type: "button" }, "Clear");
  const change = () => {
    if (from.value === "" || to.value === "" || Number(from.value) >= Number(to.value)) return;
    onBrush([Number(from.value), Number(to.value)]);
  };
  for (const field of [from, to]) {
    field.addEventListener("change", change, { signal });
  }
  clear.addEventListener("click", () => onBrush(null), { signal });
  const element = html(
    "div",
    { class: "lv-controls lv-histogram-range" },
    html("span", { class: "lv-text lv-muted" }, "Drag in any panel, or type a range:"),
    html("label", { class: "lv-field" }, "from", from),
    html("label", { class: "lv-field" }, "to", to),
    clear,
  );
  const show = (brush: [number, number] | null) => {
    from.value = brush ? brush[0].toFixed(2) : "";
    to.value = brush ? brush[1].toFixed(2) : "";
    clear.disabled = !brush;
  };
  return { element, show };
}

function shareText(panel: Panel, brush: [number, number]): string {
  return formatShare(shareBetween(panel, brush[0], brush[1]));
}

function brushName(brush: [number, number] | null): string {
  if (!brush) return rowNames.brush;
  return `${rowNames.brush} (N ${formatShare(normalShareBelow(brush[1]) - normalShareBelow(brush[0]))})`;
}

function coloursOf(root: Element): ChartColours {
  const style = getComputedStyle(root);
  const token = (name: string) => style.getPropertyValue(`--lv-${name}`).trim();
  return {
    ink: token("ink-solid"),
    ink2: token("ink2"),
    ink3: token("ink3"),
    fill: token("fill"),
    fill2: token("fill2"),
    font: token("font"),
  };
}
