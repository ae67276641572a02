import type { Shape } from "../shared/arrays.js";
import { formatSigned } from "../shared/format.js";
import { paintPicture, paintSigned, pixelCanvas } from "../shared/view/canvas.js";
import { html, label, setAttributes, uniqueId } from "../shared/view/dom.js";
import { perFrame } from "../shared/view/scheduling.js";
import { moveCursor } from "./cursor.js";
import type { Latents } from "./latents.js";
import type { Cell } from "./state.js";

export interface GridData {
  latents: Latents;
  sigma: Float32Array | null;
  pictures: Uint8Array;
  picturesShape: Shape;
  decoded: Uint8Array | null;
}

const smallestMapPx = 64;
const largestMapPx = 128;

interface MapsOptions {
  data: GridData;
  /** Pictures a page. */
  rows: number;
  signal: AbortSignal;
  onHover(cell: Cell | null): void;
  onPin(cell: Cell | null): void;
  /** The arrow keys left the page: show the one with this cell. */
  onLeavePage(cell: Cell): void;
}

interface LatentMap {
  row: number;
  channel: number;
  frame: HTMLElement;
  canvas: HTMLCanvasElement;
  ring: HTMLElement;
}

interface PictureTile {
  row: number;
  canvas: HTMLCanvasElement;
  ring: HTMLElement;
  data: Uint8Array;
}

/** The small multiples: a line for each picture of the page with picture, channels and decoded picture. */
export function latentMaps(options: MapsOptions) {
  const { data, rows, signal, onHover, onPin, onLeavePage } = options;
  const [, height, width, channels] = data.latents.shape;
  const element = html("div", { class: "lv-grid-maps" });
  const maps: LatentMap[] = [];
  const tiles: PictureTile[] = [];
  const indices: HTMLElement[] = [];
  let offset = 0;
  let cursor: Cell | null = null;

  for (let row = 0; row < rows; row++) {
    const index = html("div", { class: "lv-text lv-muted lv-grid-index" });
    indices.push(index);
    const line = html("div", { class: "lv-grid-line" }, index, pictureTile(row, "picture", data.pictures));
    const channelMaps = html("div", { class: "lv-grid-channels" });
    for (let channel = 0; channel < channels; channel++) channelMaps.append(latentMap(row, channel));
    line.append(channelMaps);
    if (data.decoded) line.append(pictureTile(row, "decoded", data.decoded));
    element.append(line);
  }

  function pictureTile(row: number, name: string, bytes: Uint8Array): HTMLElement {
    const canvas = pixelCanvas(data.picturesShape[2], data.picturesShape[1], name);
    const ring = html("div", { class: "lv-ring", hidden: true });
    tiles.push({ row, canvas, ring, data: bytes });
    return html(
      "div",
      { class: "lv-grid-tile" },
      label(name),
      html("div", { class: "lv-frame" }, canvas, ring),
    );
  }

  function latentMap(row: number, channel: number): HTMLElement {
    const canvas = pixelCanvas(width, height);
    // One virtual row and cell stand for all of them: a node per cell would be thousands.
    const ring = html("div", { class: "lv-ring", role: "gridcell", id: uniqueId(), hidden: true });
    const frame = html(
      "div",
      {
        class: "lv-frame lv-grid-map",
        role: "grid",
        tabindex: maps.length === 0 ? 0 : -1,
        "aria-rowcount": height,
        "aria-colcount": width,
        "aria-activedescendant": ring.id,
      },
      canvas,
      html("div", { role: "row" }, ring),
    );
    maps.push({ row, channel, frame, canvas, ring });
    listen(frame, canvas, row, channel);
    return html("div", { class: "lv-grid-tile" }, label("channel ", String(channel)), frame);
  }

  function listen(frame: HTMLElement, canvas: HTMLCanvasElement, row: number, channel: number): void {
    const cellAt = (event: PointerEvent | MouseEvent): Cell => {
      const box = canvas.getBoundingClientRect();
      const within = (share: number, count: number) =>
        Math.max(0, Math.min(count - 1, Math.floor(share * count)));
      return {
        picture: offset + row,
        channel,
        row: within((event.clientY - box.top) / box.height, height),
        column: within((event.clientX - box.left) / box.width, width),
      };
    };
    let inside = false;
    const hover = perFrame((event: PointerEvent) => {
      if (inside) onHover(cellAt(event));
    }, signal);
    frame.addEventListener(
      "pointermove",
      (event) => {
        inside = true;
        hover(event);
      },
      { signal },
    );
    frame.addEventListener(
      "pointerleave",
      () => {
        inside = false;
        onHover(null);
      },
      { signal },
    );
    frame.addEventListener("click", (event) => onPin(cellAt(event)), { signal });
    frame.addEventListener(
      "focus",
      () => {
        if (!frame.matches(":focus-visible")) return;
        const here = cursor && cursor.picture === offset + row && cursor.channel === channel;
        onHover(here ? cursor : { picture: offset + row, channel, row: 0, column: 0 });
      },
      { signal },
    );
    frame.addEventListener("blur", () => onHover(null), { signal });
    frame.addEventListener("keydown", onKey, { signal });

    function onKey(event: KeyboardEvent) {
      const cell = cursor ?? { picture: offset + row, channel, row: 0, column: 0 };
      if (event.key === "Escape") {
        event.preventDefault();
        onHover(null);
        onPin(null);
        return;
      }
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        onPin(cell);
        return;
      }
      const next = moveCursor(cell, event.key, data.latents.shape);
      if (!next) return;
      event.preventDefault();
      if (next.picture >= offset && next.picture < offset + rows) {
        focusCell(next);
        return;
      }
      // The page turns on the next frame; the focus follows the cell then.
      onLeavePage(next);
      requestAnimationFrame(() => requestAnimationFrame(() => focusCell(next)));
    }
  }

  function focusCell(cell: Cell): void {
    const target = maps.find((map) => map.row === cell.picture - offset && map.channel === cell.channel);
    for (const map of maps) map.frame.tabIndex = map === target ? 0 : -1;
    if (target && document.activeElement !== target.frame) target.frame.focus({ preventScroll: false });
    onHover(cell);
  }

  return {
    element,
    /** Draws the page that begins with picture `newOffset`. */
    paint(newOffset: number, rangeOf: (channel: number) => number, table: Uint8Array): void {
      offset = newOffset;
      indices.forEach((index, row) => {
        index.textContent = String(offset + row);
      });
      for (const tile of tiles) paintPicture(tile.canvas, tile.data, data.picturesShape, offset + tile.row);
      for (const { canvas, row, channel, frame } of maps) {
        const picture = offset + row;
        const valueAt = (mapRow: number, column: number) =>
          data.latents.at({ picture, channel, row: mapRow, column });
        paintSigned(canvas, width, height, valueAt, rangeOf(channel), table);
        frame.setAttribute(
          "aria-label",
          `latent of picture ${picture}, channel ${channel}, ${height} by ${width}`,
        );
      }
    },
    /** Rings: thick on the cell, thin on the same place in the other channels, and on the pixels it governs. */
    mark(cell: Cell | null, newOffset: number): void {
      cursor = cell;
      offset = newOffset;
      for (const { row, channel, ring } of maps) {
        const shown = cell !== null && cell.picture === offset + row;
        ring.hidden = !shown;
        if (!shown) continue;
        placeRing(ring, cell, height, width);
        ring.classList.toggle("lv-thin", cell.channel !== channel);
        setAttributes(ring, {
          "aria-colindex": cell.column + 1,
          "aria-rowindex": cell.row + 1,
          "aria-label": `z ${formatSigned(data.latents.at({ ...cell, channel }))}`,
        });
      }
      for (const { row, ring } of tiles) {
        const shown = cell !== null && cell.picture === offset + row;
        ring.hidden = !shown;
        if (shown) placeRing(ring, cell, height, width);
      }
    },
    /** Chooses the maps' size for a container's width; maps that are too many for one line wrap. */
    fit(containerWidthPx: number, channelCount: number): void {
      const wide = containerWidthPx > 760;
      const gapPx = wide ? 12 : 8;
      const columns = channelCount + (data.decoded ? 2 : 1);
      const widthOf = (containerPx: number) => (containerPx - 16 - columns * gapPx) / columns;
      const besideSide = widthOf(containerWidthPx - 240);
      const availablePx = wide && besideSide >= smallestMapPx ? besideSide : widthOf(containerWidthPx);
      const wrapped = availablePx < smallestMapPx;
      const sizePx = mapSize(wrapped ? smallestMapPx : availablePx, data.picturesShape[2], width);
      element.classList.toggle("lv-wrapped", wrapped);
      element.style.setProperty("--lv-map-width", `${sizePx}px`);
      element.style.setProperty("--lv-map-height", `${(sizePx * height) / width}px`);
      element.style.setProperty("--lv-map-gap", `${gapPx}px`);
    },
  };
}

/** A whole multiple of the picture's pixels, or where that wastes too much room, of the latent's cells. */
function mapSize(availablePx: number, picturePixels: number, cells: number): number {
  const roomPx = Math.min(largestMapPx, availablePx);
  const multipleOf = (unit: number) => Math.floor(roomPx / unit) * unit;
  const byPicture = multipleOf(picturePixels);
  return byPicture > 0.7 * roomPx ? byPicture : multipleOf(cells) || roomPx;
}

function placeRing(ring: HTMLElement, cell: Cell, height: number, width: number): void {
  ring.style.left = `${(100 * cell.column) / width}%`;
  ring.style.top = `${(100 * cell.row) / height}%`;
  ring.style.width = `${100 / width}%`;
  ring.style.height = `${100 / height}%`;
}
