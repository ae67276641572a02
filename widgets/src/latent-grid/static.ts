import { colourTable } from "../shared/colour-map.js";
import { formatCount, formatNumber, formatSigned, formatTick } from "../shared/format.js";
import { pictureUri, signedMapUri, tableUri } from "../shared/png.js";
import { byTheme, header, line, picture, staticWidth, svgDocument, text } from "../shared/static-svg.js";
import { Latents } from "./latents.js";
import type { LatentGridState } from "./state.js";

/** Above this size a figure makes a notebook heavy; fewer rows are drawn instead. */
const sizeLimitBytes = 120_000;
const gapPx = 12;
const indexWidthPx = 24;
const legendWidthPx = 204;

/** The page that the view shows, as SVG: picture, channels, decoded picture, and the legend. */
export function drawLatentGrid(state: LatentGridState): string {
  const rows = Math.min(state.rowsPerPage, state.latentsShape[0] - state.offset);
  for (let count = rows; count > 1; count--) {
    const drawing = drawRows(state, count);
    if (drawing.length <= sizeLimitBytes) return drawing;
  }
  return drawRows(state, 1);
}

function drawRows(state: LatentGridState, rows: number): string {
  const { picturesShape, latentsShape, latents: values, decoded } = state;
  const [, height, width, channels] = latentsShape;
  const latents = new Latents(values, latentsShape);
  const columns = channels + (decoded ? 2 : 1);
  // Small latents leave room for the legend at the side; with many channels the maps wrap below one another.
  const perLine = Math.min(columns, 8);
  const lines = Math.ceil(columns / perLine);
  const mapWidth = Math.min(104, (staticWidth - indexWidthPx) / perLine - gapPx);
  const mapHeight = (mapWidth * height) / width;
  // Below one another, wrapped maps need their names again.
  const lineHeight = mapHeight + (lines > 1 ? 24 : 8);
  const tables = { light: colourTable("signed", "light"), dark: colourTable("signed", "dark") };
  const place = (row: number, column: number) => ({
    x: indexWidthPx + (column % perLine) * (mapWidth + gapPx),
    y: 60 + (row * lines + Math.floor(column / perLine)) * lineHeight,
  });

  let body = header(state.title, state.caption);
  for (let row = 0; row < rows; row++) {
    const index = state.offset + row;
    const tile = (column: number, label: string, uri: string, darkUri = uri) => {
      const { x, y } = place(row, column);
      const draw = (source: string) =>
        picture(x, y, mapWidth, mapHeight, source, `${label} of picture ${index}`);
      body += row === 0 || lines > 1 ? text(x, y - 6, label) : "";
      body += uri === darkUri ? draw(uri) : byTheme(draw(uri), draw(darkUri));
    };
    body += text(0, place(row, 0).y + 12, String(index));
    tile(0, "picture", pictureUri(state.pictures, picturesShape, index));
    for (let channel = 0; channel < channels; channel++) {
      const range = latents.range(state.range === "shared" ? null : channel);
      const uri = (table: Uint8Array) => signedMapUri(values, latentsShape, index, channel, range, table);
      tile(channel + 1, `channel ${channel}`, uri(tables.light), uri(tables.dark));
    }
    if (decoded) tile(channels + 1, "decoded", pictureUri(decoded, picturesShape, index));
  }
  const legendTop = 60 + rows * lines * lineHeight;
  body += legend(state, latents, legendTop, tables.light, tables.dark);
  return svgDocument(legendTop + 56, state.title, describeLatentGrid(state), body);
}

function legend(
  state: LatentGridState,
  latents: Latents,
  top: number,
  light: Uint8Array,
  dark: Uint8Array,
): string {
  const x = indexWidthPx;
  const bar = (table: Uint8Array) => picture(x, top + 8, legendWidthPx, 8, tableUri(table), "colour map");
  const [low, high] = latents.extent(null);
  const words = `latent value z; in this set ${formatNumber(low)} … ${formatSigned(high)}`;
  let drawing = byTheme(bar(light), bar(dark)) + text(x + legendWidthPx + 16, top + 16, words);
  const range = latents.range(null);
  for (const [share, anchor] of [
    [0, "start"],
    [0.5, "middle"],
    [1, "end"],
  ] as const) {
    const tick = (2 * share - 1) * range;
    const label = state.range === "shared" ? formatTick(tick, range) : ["−", "0", "+"][2 * share];
    drawing += line(x + share * legendWidthPx, top + 16, x + share * legendWidthPx, top + 20, "ink3");
    drawing += text(x + share * legendWidthPx, top + 32, label ?? "", { sizePx: 11, anchor });
  }
  return drawing;
}

/** The figure in words: sizes, range and each channel's extent. */
export function describeLatentGrid(state: LatentGridState): string {
  const latents = new Latents(state.latents, state.latentsShape);
  const [pictures, height, width, channels] = state.latentsShape;
  const lines = Array.from({ length: channels }, (_, channel) => {
    const [low, high] = latents.extent(channel);
    return `channel ${channel}: ${formatSigned(low)} … ${formatSigned(high)}`;
  });
  return [
    `${state.title}: latents of ${formatCount(pictures)} pictures, ${height} × ${width} × ${channels}`,
    ...lines,
  ].join("\n");
}
