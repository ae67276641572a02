import type { MimeBundle } from "../base/mime-bundle.js";
import type { Bar } from "./bar.js";

const textWidth = 20;

/** Bars one below the other; inner ones are indented. */
export function drawBars(bars: readonly Bar[]): MimeBundle {
  const rows = bars.map((bar, depth) => drawRow(bar, depth));
  return {
    "text/html": `<div style="font-variant-numeric: tabular-nums; line-height: 1.6">${rows.join("")}</div>`,
    "text/plain": bars.map((bar, depth) => drawAsLine(bar, depth)).join("\n"),
  };
}

/** "  epoch 2 ████████░░░░░░░░░░░░ 40 % 4 of 10 ..." */
export function drawAsLine(bar: Bar, depth = 0): string {
  const { share, options } = bar;
  const filled = Math.round((share ?? 0) * textWidth);
  const picture =
    share === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(textWidth - filled)} ${percent(share)} `;
  return `${"  ".repeat(depth)}${options.label && `${options.label} `}${picture}${bar.describe()}${stopped(bar)}`;
}

function drawRow(bar: Bar, depth: number): string {
  const { share, options } = bar;
  const label = escapeHtml(options.label);
  const value =
    share === undefined ? (bar.state === "running" ? "" : `value="1"`) : `value="${share.toFixed(4)}"`;
  const name = label || "progress";
  // The page's own element: it has a role and a value for those who do not see it.
  const picture = `<progress ${value} max="1" aria-label="${name}" style="width: 12em; accent-color: currentcolor; vertical-align: middle"></progress>`;
  const shown = [
    label && `<b style="font-weight: 600">${label}</b>`,
    picture,
    share === undefined ? "" : percent(share),
  ];
  const text = `${escapeHtml(bar.describe())}${stopped(bar)}`;
  const indent = depth > 0 ? ` style="padding-left: ${depth * 1.5}em"` : "";
  return `<div${indent}>${[...shown, text].filter(Boolean).join(" &nbsp;")}</div>`;
}

const percent = (share: number) => `${Math.floor(100 * share)} %`;
const stopped = ({ state }: Bar) => (state === "stopped" ? " · stopped" : "");

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
