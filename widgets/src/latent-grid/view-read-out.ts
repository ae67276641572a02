import type { Shape } from "../shared/arrays.js";
import { formatQuantity, formatShare, formatSigned } from "../shared/format.js";
import { paintPicture, pixelCanvas } from "../shared/view/canvas.js";
import { facts } from "../shared/view/controls.js";
import { html, label } from "../shared/view/dom.js";
import type { Cell } from "./state.js";
import type { GridData } from "./view-maps.js";

/** The side of the grid: the value, where it is, and the patches of the pictures that it governs. */
export function readOut(data: GridData) {
  const number = html("div", { class: "lv-number" });
  const list = facts({
    where: "picture · channel",
    position: "row, column",
    ...(data.sigma && { sigma: "posterior σ" }),
    quantile: "quantile in channel",
    pixels: "picture pixels",
  });
  const patch = pixelCanvas(1, 1, "patch of the picture");
  const decodedPatch = pixelCanvas(1, 1, "patch of the decoded picture");
  const patches = html("div", { class: "lv-grid-patches" }, framed("patch", patch));
  if (data.decoded) patches.append(framed("decoded", decodedPatch));

  const show = (cell: Cell | null) => {
    patches.style.visibility = cell ? "" : "hidden";
    if (!cell) {
      number.textContent = "z = –";
      for (const key of ["where", "position", "sigma", "quantile", "pixels"] as const) list.set(key, "–");
      return;
    }
    const value = data.latents.at(cell);
    const box = pixelsOf(cell, data.latents.shape, data.picturesShape);
    const [top, left, height, width] = box;
    number.textContent = `z = ${formatSigned(value)}`;
    list.set("where", `${cell.picture} · ${cell.channel}`);
    list.set("position", `${cell.row}, ${cell.column}`);
    list.set("sigma", formatQuantity(data.sigma?.[data.latents.index(cell)] ?? Number.NaN, 2));
    list.set("quantile", formatShare(data.latents.quantile(cell.channel, value), 0));
    list.set("pixels", `x ${left}–${left + width - 1}, y ${top}–${top + height - 1}`);
    paintPicture(patch, data.pictures, data.picturesShape, cell.picture, box);
    if (data.decoded) paintPicture(decodedPatch, data.decoded, data.picturesShape, cell.picture, box);
  };
  return { element: html("div", { class: "lv-grid-values" }, number, list.element), patches, show };
}

/** The pixels that a latent cell would own if the decoder were local, `[top, left, height, width]`. */
function pixelsOf(cell: Cell, latents: Shape, pictures: Shape): [number, number, number, number] {
  const top = Math.floor((cell.row * pictures[1]) / latents[1]);
  const left = Math.floor((cell.column * pictures[2]) / latents[2]);
  const bottom = Math.floor(((cell.row + 1) * pictures[1]) / latents[1]);
  const right = Math.floor(((cell.column + 1) * pictures[2]) / latents[2]);
  return [top, left, Math.max(1, bottom - top), Math.max(1, right - left)];
}

function framed(name: string, canvas: HTMLCanvasElement): HTMLElement {
  return html("div", {}, label(name), html("div", { class: "lv-frame" }, canvas));
}
