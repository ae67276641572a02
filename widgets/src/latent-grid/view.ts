import { colourTable } from "../shared/colour-map.js";
import { formatQuantity, formatSigned } from "../shared/format.js";
import { colourBar } from "../shared/view/colour-bar.js";
import { choice } from "../shared/view/controls.js";
import { html } from "../shared/view/dom.js";
import { onChange, readBytes, readFloats, type ViewModel, write } from "../shared/view/model.js";
import { onResize, perFrame } from "../shared/view/scheduling.js";
import { defineView, header, liveRegion } from "../shared/view/shell.js";
import { onThemeChange, themeOf } from "../shared/view/theme.js";
import { Latents } from "./latents.js";
import type { Cell, LatentGridState, RangeMode } from "./state.js";
import { type GridData, latentMaps } from "./view-maps.js";
import { pager } from "./view-pager.js";
import { readOut } from "./view-read-out.js";

export default defineView<LatentGridState>(({ model, root, signal }) => {
  const data = readData(model);
  const [pictures, , , channels] = data.latents.shape;
  const live = liveRegion(signal);
  let hovered: Cell | null = null;

  const rangeChoice = choice<RangeMode>({
    label: "range",
    options: [
      ["shared", "shared"],
      ["channel", "per channel"],
    ],
    value: model.get("range"),
    onChange: (range) => write(model, { range }),
    signal,
  });
  const pages = pager({
    count: pictures,
    pageSize: Math.min(model.get("rowsPerPage"), pictures),
    onTurn: (offset) => write(model, { offset, pin: null }),
    signal,
  });
  const maps = latentMaps({
    data,
    rows: Math.min(model.get("rowsPerPage"), pictures),
    signal,
    onHover(cell) {
      hovered = cell;
      mark();
    },
    onPin(cell) {
      write(model, { pin: cell });
    },
    onLeavePage(cell) {
      const pageSize = Math.min(model.get("rowsPerPage"), pictures);
      const offset = Math.max(
        0,
        cell.picture < model.get("offset") ? cell.picture - pageSize + 1 : cell.picture,
      );
      write(model, { offset: Math.min(offset, pictures - pageSize), pin: null });
    },
  });
  const legend = colourBar(204);
  const values = readOut(data);
  const side = html("div", { class: "lv-grid-side" }, legend.element, values.element, values.patches);
  const body = html("div", { class: "lv-grid" }, maps.element, side);
  const controls =
    pictures > model.get("rowsPerPage") ? [pages.element, rangeChoice.element] : [rangeChoice.element];
  root.append(header(model.get("title"), model.get("caption"), ...controls).element, body, live.element);

  const rangeOf = (channel: number) => data.latents.range(model.get("range") === "shared" ? null : channel);

  function paint() {
    maps.paint(model.get("offset"), rangeOf, colourTable("signed", themeOf(root)));
    mark();
  }

  function mark() {
    const cell = hovered ?? model.get("pin");
    maps.mark(cell, model.get("offset"));
    values.show(cell);
    const shared = model.get("range") === "shared";
    const channel = shared ? null : (cell?.channel ?? 0);
    legend.set({
      label: shared ? "latent value z" : `latent value z, channel ${channel}`,
      range: data.latents.range(channel),
      table: colourTable("signed", themeOf(root)),
      extent: data.latents.extent(channel),
      value: cell ? data.latents.at(cell) : null,
      halves: true,
    });
    if (cell) live.say(describeCell(data, cell));
  }

  const update = perFrame(() => {
    rangeChoice.show(model.get("range"));
    pages.show(model.get("offset"));
    paint();
  }, signal);
  onChange(model, ["range", "offset", "pin"], update, signal);
  onThemeChange(update, signal);
  onResize(
    body,
    () => {
      maps.fit(body.clientWidth, channels);
      // A host may draw a view before it is in the page, where no theme is known.
      paint();
    },
    signal,
  );
  pages.show(model.get("offset"));
  paint();
});

function readData(model: ViewModel<LatentGridState>): GridData {
  const sigma = model.get("sigma");
  const decoded = model.get("decoded");
  return {
    latents: new Latents(readFloats(model.get("latents")), model.get("latentsShape")),
    sigma: sigma && readFloats(sigma),
    pictures: readBytes(model.get("pictures")),
    picturesShape: model.get("picturesShape"),
    decoded: decoded && readBytes(decoded),
  };
}

function describeCell(data: GridData, cell: Cell): string {
  const sigma = data.sigma?.[data.latents.index(cell)];
  const words = [
    `picture ${cell.picture}, channel ${cell.channel}, row ${cell.row}, column ${cell.column}`,
    `z ${formatSigned(data.latents.at(cell))}`,
  ];
  if (sigma !== undefined) words.push(`posterior sigma ${formatQuantity(sigma, 2)}`);
  return words.join(", ");
}
