import type { Shape } from "../shared/arrays.js";
import { colourTable, type Theme } from "../shared/colour-map.js";
import { paintPicture, paintSigned, pixelCanvas } from "../shared/view/canvas.js";
import { colourBar } from "../shared/view/colour-bar.js";
import { html, label } from "../shared/view/dom.js";
import { differenceOf, pictureAt } from "./pictures.js";

interface PictureContent {
  picture: number;
  /** `null` before the first answer: only the original is shown then. */
  answer: { decoded: Uint8Array; clean: Uint8Array; latent: Float32Array } | null;
  /** Whether the decoded picture is shown perturbed or clean. */
  perturbed: boolean;
  reference: "picture" | "clean";
  latentRange: number;
  theme: Theme;
}

/** original | decoded | signed difference | latent as perturbed, and their two legends. */
export function comparison(pictures: Uint8Array, picturesShape: Shape, latentsShape: Shape) {
  const [, height, width, channels] = picturesShape;
  const [, latentHeight, latentWidth, latentChannels] = latentsShape;
  const original = pixelCanvas(width, height, "original");
  const decoded = pixelCanvas(width, height, "decoded");
  const difference = pixelCanvas(width, height, "signed difference");
  const decodedLabel = label("", "decoded");
  const differenceLabel = label("", "decoded − original");
  const progress = html("div", {
    class: "lv-slider-progress",
    role: "progressbar",
    "aria-label": "decoding",
    hidden: true,
  });
  const maps = Array.from({ length: latentChannels }, (_, channel) =>
    pixelCanvas(latentWidth, latentHeight, `latent channel ${channel}`),
  );
  const latentMaps = html("div", { class: "lv-slider-maps" });
  maps.forEach((map, channel) => {
    const name = html("div", { class: "lv-label lv-slider-channel" }, `channel ${channel}`);
    latentMaps.append(html("div", {}, name, html("div", { class: "lv-frame" }, map)));
  });
  const tile = (name: HTMLElement, canvas: HTMLCanvasElement, ...more: HTMLElement[]) =>
    html("div", { class: "lv-slider-picture" }, name, html("div", { class: "lv-frame" }, canvas, ...more));
  const element = html(
    "div",
    { class: "lv-slider-pictures" },
    tile(label("", "original"), original),
    tile(decodedLabel, decoded, progress),
    tile(differenceLabel, difference),
    html("div", { class: "lv-slider-latent" }, label("", "latent"), latentMaps),
  );
  const differenceBar = colourBar(136);
  const latentBar = colourBar(136);

  const paint = (content: PictureContent) => {
    const table = colourTable("signed", content.theme);
    paintPicture(original, pictures, picturesShape, content.picture);
    if (content.answer) paintAnswer(content, content.answer, table);
    decodedLabel.replaceChildren(html("b", {}, "decoded"), content.perturbed ? ", perturbed" : ", clean");
    const subtrahend = content.reference === "picture" ? "original" : "clean";
    differenceLabel.replaceChildren(html("b", {}, `decoded − ${subtrahend}`));
    differenceBar.set({ label: "difference, clipped at ± 1", range: 1, table });
    latentBar.set({ label: "latent z", range: content.latentRange, table });
  };

  const paintAnswer = (
    content: PictureContent,
    answer: NonNullable<PictureContent["answer"]>,
    table: Uint8Array,
  ) => {
    const shown = content.perturbed ? answer.decoded : answer.clean;
    const source = pictureAt(pictures, picturesShape, content.picture);
    const values = differenceOf(shown, content.reference === "picture" ? source : answer.clean, channels);
    paintPicture(decoded, shown, picturesShape, 0);
    paintSigned(difference, width, height, (row, column) => values[row * width + column] ?? 0, 1, table);
    maps.forEach((map, channel) => {
      const valueAt = (row: number, column: number) =>
        answer.latent[(row * latentWidth + column) * latentChannels + channel] ?? 0;
      paintSigned(map, latentWidth, latentHeight, valueAt, content.latentRange, table);
    });
  };

  /** Chooses sizes for a container's width: whole multiples of the pictures' pixels where there is room. */
  const fit = (containerWidthPx: number) => {
    const narrow = containerWidthPx <= 640;
    const availablePx = narrow
      ? (containerWidthPx - 16) / 3
      : containerWidthPx > 880
        ? 224
        : (containerWidthPx - 244) / 3;
    const sizePx = wholeMultiple(Math.max(96, Math.min(256, availablePx)), width);
    const abreast = narrow ? Math.min(4, latentChannels) : Math.ceil(Math.sqrt(latentChannels));
    const lines = Math.ceil(latentChannels / abreast);
    const mapPx = narrow ? 64 : Math.min(88, ((sizePx - lines * 20) / lines) * (latentWidth / latentHeight));
    const mapSizePx = wholeMultiple(Math.max(32, mapPx), latentWidth);
    element.style.setProperty("--lv-picture-width", `${sizePx}px`);
    element.style.setProperty("--lv-picture-height", `${(sizePx * height) / width}px`);
    element.style.setProperty("--lv-map-width", `${mapSizePx}px`);
    element.style.setProperty("--lv-map-height", `${(mapSizePx * latentHeight) / latentWidth}px`);
    element.style.setProperty("--lv-maps-abreast", String(abreast));
  };
  const showProgress = (visible: boolean) => {
    progress.hidden = !visible;
  };
  return { element, legends: [differenceBar.element, latentBar.element], paint, fit, showProgress };
}

function wholeMultiple(sizePx: number, pixels: number): number {
  return pixels <= sizePx ? Math.floor(sizePx / pixels) * pixels : Math.floor(sizePx);
}
