import { choice, facts } from "../shared/view/controls.js";
import { html } from "../shared/view/dom.js";
import { onChange, readFloats, write } from "../shared/view/model.js";
import { onResize, perFrame } from "../shared/view/scheduling.js";
import { defineView, errorNote, header } from "../shared/view/shell.js";
import { onThemeChange } from "../shared/view/theme.js";
import { readOutNames, readOuts, statusText } from "./read-outs.js";
import type { LossAxis, TrainingMonitorState } from "./state.js";
import { lossChart } from "./view-chart.js";

type Key = keyof typeof readOutNames;
const smallStep = 0.01;
const largeStep = 0.1;

export default defineView<TrainingMonitorState>(({ model, root, signal }) => {
  const steps = model.get("steps");
  const status = html("span", { class: "lv-text", role: "status", "aria-live": "polite" });
  const axisChoice = choice<LossAxis>({
    label: "loss axis",
    options: [
      ["log", "log"],
      ["linear", "linear"],
    ],
    value: model.get("axis"),
    onChange: (axis) => write(model, { axis }),
    signal,
  });
  const chart = lossChart();
  const progress = html("progress", {
    class: "lv-monitor-progress",
    max: steps,
    value: 0,
    "aria-label": "training",
  });
  const list = facts<Key>(readOutNames);
  const notes = html("div");
  const side = html("div", { class: "lv-monitor-side" }, progress, list.element);
  const body = html(
    "div",
    { class: "lv-monitor" },
    html("div", { class: "lv-monitor-plot" }, chart.element),
    side,
  );
  root.append(
    header(model.get("title"), model.get("caption"), status, axisChoice.element).element,
    notes,
    body,
  );

  const update = perFrame(() => {
    const [step, axis, error] = [model.get("step"), model.get("axis"), model.get("error")];
    const state = {
      steps,
      step,
      elapsedMs: model.get("elapsedMs"),
      stepsPerSecond: model.get("stepsPerSecond"),
      imagesPerSecond: model.get("imagesPerSecond"),
      status: model.get("status"),
      broken: model.get("broken"),
    };
    axisChoice.show(axis);
    const words = statusText(state);
    // A live region speaks whenever it is written to, even the same words.
    if (status.textContent !== words) status.textContent = words;
    progress.value = step;
    for (const [key, text] of Object.entries(readOuts(state)) as [Key, string][]) list.set(key, text);
    chart.show({
      steps,
      step,
      axis,
      series: model.get("series"),
      latest: model.get("latest"),
      columns: model.get("columns"),
      curves: readFloats(model.get("curves")),
    });
    notes.replaceChildren(...(error ? [errorNote("Training failed.", error)] : []));
    root.dataset.step = String(step);
  }, signal);

  const hover = perFrame((clientX: number | null) => {
    hovered = clientX === null ? null : chart.stepAt(clientX);
    chart.hover(hovered);
  }, signal);
  let hovered: number | null = null;
  chart.element.addEventListener("pointermove", (event) => hover(event.clientX), { signal });
  chart.element.addEventListener("pointerleave", () => hover(null), { signal });
  chart.element.addEventListener("blur", () => chart.hover(null), { signal });
  chart.element.addEventListener(
    "keydown",
    (event) => {
      const share = { ArrowRight: smallStep, ArrowLeft: -smallStep, PageUp: largeStep, PageDown: -largeStep }[
        event.key
      ];
      if (share === undefined && event.key !== "Escape") return;
      event.preventDefault();
      hovered = share === undefined ? null : (hovered ?? model.get("step")) + share * steps;
      if (hovered !== null) hovered = Math.min(model.get("step"), Math.max(0, hovered));
      chart.hover(hovered);
    },
    { signal },
  );
  onChange(
    model,
    [
      "status",
      "step",
      "elapsedMs",
      "stepsPerSecond",
      "imagesPerSecond",
      "latest",
      "curves",
      "axis",
      "broken",
      "error",
    ],
    update,
    signal,
  );
  onThemeChange(update, signal);
  onResize(body, update, signal);
});
