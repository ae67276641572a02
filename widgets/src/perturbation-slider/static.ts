import { colourTable } from "../shared/colour-map.js";
import { pictureUri, signedMapUri } from "../shared/png.js";
import { byTheme, header, picture, svgDocument, text } from "../shared/static-svg.js";
import { perturbationKinds } from "./kinds.js";
import { decibels, differenceOf, pictureAt } from "./pictures.js";
import type { PerturbationSliderState } from "./state.js";

const picturePx = 175;
const gapPx = 20;

/** Original, decoded, their signed difference and the latent as the view shows them, with the PSNR. */
export function drawPerturbationSlider(state: PerturbationSliderState): string {
  const { answer, decoded, latent, picturesShape, latentsShape } = state;
  if (!answer || !decoded || !latent) {
    const reason = state.error ? `Not decoded: ${state.error.message}` : "Not decoded yet.";
    return svgDocument(72, state.title, reason, header(state.title, state.caption) + text(0, 60, reason));
  }
  const { request } = answer;
  const [, height, width] = picturesShape;
  const shownHeight = (picturePx * height) / width;
  const tables = { light: colourTable("signed", "light"), dark: colourTable("signed", "dark") };
  const reference = pictureAt(state.pictures, picturesShape, request.picture);
  const difference = differenceOf(decoded, reference, picturesShape[3]);
  const differenceShape = [1, height, width, 1] as const;
  const top = 60;
  const place = (column: number) => column * (picturePx + gapPx);
  const both = (
    x: number,
    y: number,
    w: number,
    h: number,
    label: string,
    uri: (table: Uint8Array) => string,
  ) => byTheme(picture(x, y, w, h, uri(tables.light), label), picture(x, y, w, h, uri(tables.dark), label));

  let body = header(state.title, state.caption);
  const labels = ["original", "decoded, perturbed", "decoded − original", "latent"];
  labels.forEach((label, column) => {
    body += text(place(column), top - 8, label, { tone: "ink" });
  });
  const original = pictureUri(state.pictures, picturesShape, request.picture);
  body += picture(place(0), top, picturePx, shownHeight, original, "original");
  const decodedUri = pictureUri(decoded, [1, height, width, picturesShape[3]], 0);
  body += picture(place(1), top, picturePx, shownHeight, decodedUri, "decoded");
  body += both(place(2), top, picturePx, shownHeight, "signed difference", (table) =>
    signedMapUri(difference, differenceShape, 0, 0, 1, table),
  );
  const channels = latentsShape[3];
  const abreast = Math.ceil(Math.sqrt(channels));
  const mapPx = (picturePx - (abreast - 1) * 8) / abreast;
  const mapHeight = (mapPx * latentsShape[1]) / latentsShape[2];
  for (let channel = 0; channel < channels; channel++) {
    const x = place(3) + (channel % abreast) * (mapPx + 8);
    const y = top + Math.floor(channel / abreast) * (mapHeight + 8);
    body += both(x, y, mapPx, mapHeight, `latent channel ${channel}`, (table) =>
      signedMapUri(
        latent,
        [1, latentsShape[1], latentsShape[2], channels],
        0,
        channel,
        state.latentRange,
        table,
      ),
    );
  }
  const below = top + Math.max(shownHeight, Math.ceil(channels / abreast) * (mapHeight + 8)) + 28;
  body += text(0, below, decibels(answer.psnr), { tone: "ink", sizePx: 22, bold: true });
  const { name, format } = perturbationKinds[request.kind];
  const channel = request.kind === "shift" ? ` of channel ${request.channel}` : "";
  const words = `picture ${request.picture}; ${name}${channel} ${format(request.strength)}; clean ${decibels(answer.cleanPsnr)}`;
  body += text(120, below, words);
  return svgDocument(below + 12, state.title, describePerturbationSlider(state), body);
}

export function describePerturbationSlider(state: PerturbationSliderState): string {
  const { answer, error, title } = state;
  if (!answer) return `${title}: ${error ? `not decoded: ${error.message}` : "not decoded yet"}`;
  const { kind, strength, channel, picture: index } = answer.request;
  const where = kind === "shift" ? ` of channel ${channel}` : "";
  return (
    `${title}: picture ${index}, ${perturbationKinds[kind].name}${where} ` +
    `${perturbationKinds[kind].format(strength)}: PSNR ${decibels(answer.psnr)}, clean ${decibels(answer.cleanPsnr)}`
  );
}
