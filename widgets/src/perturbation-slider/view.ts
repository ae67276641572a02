import { choice, dropDown } from "../shared/view/controls.js";
import { html } from "../shared/view/dom.js";
import { onChange, readBytes, readFloats } from "../shared/view/model.js";
import { onResize, perFrame } from "../shared/view/scheduling.js";
import { defineView, errorNote, header, liveRegion } from "../shared/view/shell.js";
import { onThemeChange, themeOf } from "../shared/view/theme.js";
import { type PerturbationKind, perturbationKinds, positionOf, strengthAt } from "./kinds.js";
import { decibels } from "./pictures.js";
import { curveKey, type PerturbationSliderState } from "./state.js";
import { psnrCurve } from "./view-curve.js";
import { comparison } from "./view-pictures.js";
import { requester } from "./view-requester.js";

const sliderSteps = 200;
const progressDelayMs = 200;
const kindNames = Object.entries(perturbationKinds).map(
  ([kind, { name }]) => [kind as PerturbationKind, name] as const,
);

export default defineView<PerturbationSliderState>(({ model, root, signal }) => {
  const latentsShape = model.get("latentsShape");
  const [batch, , , channels] = latentsShape;
  const pictures = readBytes(model.get("pictures"));
  const view = { perturbed: true, reference: "picture" as "picture" | "clean" };
  const compare = comparison(pictures, model.get("picturesShape"), latentsShape);
  const curve = psnrCurve();
  const live = liveRegion(signal);
  const requests = requester({ model, signal, onUpdate: () => update() });

  const pictureChoice = dropDown({
    label: "picture",
    options: Array.from({ length: batch }, (_, index) => [index, String(index)] as const),
    value: requests.wanted.picture,
    onChange: (picture) => requests.ask({ picture }),
    signal,
  });
  const kindChoice = choice<PerturbationKind>({
    label: "perturb by",
    options: kindNames,
    value: requests.wanted.kind,
    onChange: (kind) => perturbBy({ kind, strength: perturbationKinds[kind].initial }),
    signal,
  });
  const channelChoice = dropDown({
    label: "channel",
    options: Array.from({ length: channels }, (_, index) => [index, String(index)] as const),
    value: requests.wanted.channel,
    onChange: (channel) => perturbBy({ channel }),
    signal,
  });
  const showChoice = choice<"before" | "after">({
    label: "show",
    options: [
      ["before", "before"],
      ["after", "after"],
    ],
    value: "after",
    onChange(shown) {
      view.perturbed = shown === "after";
      update();
    },
    signal,
  });
  const referenceChoice = choice<"picture" | "clean">({
    label: "difference to",
    options: [
      ["picture", "picture"],
      ["clean", "clean decode"],
    ],
    value: view.reference,
    onChange(reference) {
      view.reference = reference;
      update();
    },
    signal,
  });
  const slider = html("input", { type: "range", min: 0, max: sliderSteps, "aria-label": "strength" });
  slider.addEventListener(
    "input",
    () => perturbBy({ strength: strengthAt(requests.wanted.kind, Number(slider.value) / sliderSteps) }),
    { signal },
  );
  const redraw = html("button", { class: "lv-button", type: "button" }, "Redraw noise");
  redraw.addEventListener("click", () => perturbBy({ seed: requests.wanted.seed + 1 }), { signal });
  const number = html("div", { class: "lv-number" });
  const details = html("div", { class: "lv-text lv-muted lv-slider-details" });
  const notes = html("div");
  const space = html("span", { class: "lv-space" });
  const caption = header(model.get("title"), model.get("caption"), pictureChoice.element);
  root.append(
    caption.element,
    notes,
    compare.element,
    html(
      "div",
      { class: "lv-controls lv-slider-legends" },
      ...compare.legends,
      space,
      showChoice.element,
      referenceChoice.element,
    ),
    html("div", { class: "lv-controls lv-slider-kinds" }, kindChoice.element, channelChoice.element),
    html(
      "div",
      { class: "lv-slider-strength" },
      html("div", {}, curve.element, slider),
      html("div", {}, number, details, redraw),
    ),
    live.element,
  );

  function perturbBy(changes: Parameters<typeof requests.ask>[0]): void {
    view.perturbed = true;
    showChoice.show("after");
    requests.ask(changes);
  }

  const update = perFrame(() => {
    showControls();
    showAnswer();
    showNotes();
  }, signal);

  function showControls(): void {
    const { picture, kind, channel, strength } = requests.wanted;
    pictureChoice.show(picture);
    kindChoice.show(kind);
    channelChoice.show(channel);
    channelChoice.element.hidden = kind !== "shift";
    redraw.disabled = kind !== "noise";
    slider.value = String(Math.round(positionOf(kind, strength) * sliderSteps));
    const valueText = perturbationKinds[kind].format(strength);
    slider.setAttribute("aria-valuetext", valueText);
    if (!requests.waiting) compare.showProgress(false);
    else setTimeout(() => compare.showProgress(requests.waiting), progressDelayMs);
  }

  function showAnswer(): void {
    const answer = model.get("answer");
    const [decoded, clean, latent] = [model.get("decoded"), model.get("clean"), model.get("latent")];
    const complete = answer && decoded && clean && latent;
    compare.paint({
      picture: answer?.request.picture ?? requests.wanted.picture,
      answer: complete
        ? { decoded: readBytes(decoded), clean: readBytes(clean), latent: readFloats(latent) }
        : null,
      perturbed: view.perturbed,
      reference: view.reference,
      latentRange: model.get("latentRange"),
      theme: themeOf(root),
    });
    if (!complete) {
      number.textContent = "– dB";
      details.textContent = model.get("error") ? "" : "decoding the first picture";
      return;
    }
    const { request, psnr, cleanPsnr } = answer;
    const strength = perturbationKinds[request.kind].format(request.strength);
    number.textContent = decibels(view.perturbed ? psnr : cleanPsnr);
    details.textContent = `${view.perturbed ? strength : "unperturbed"}\nclean ${decibels(cleanPsnr)}`;
    const points = model.get("curve");
    const current = model.get("curveOf") === curveKey(request);
    curve.draw({
      curve: points && current ? readFloats(points) : null,
      position: positionOf(request.kind, request.strength),
      psnr,
    });
    root.dataset.answer = String(request.id);
    live.say(`${perturbationKinds[request.kind].name} ${strength}, PSNR ${decibels(psnr)}`);
  }

  let shownError: unknown = null;
  function showNotes(): void {
    const error = model.get("error");
    root.classList.toggle("lv-disconnected", requests.silent);
    if (requests.silent) {
      const time = model.get("answer")?.timeMs;
      const since = time ? ` Values shown are those of ${new Date(time).toLocaleTimeString()}.` : "";
      const reason = html("b", {}, "No answer from a kernel.");
      const advice = `${since} It is gone, new or busy; for a live widget run the cells up to this one.`;
      notes.replaceChildren(html("div", { class: "lv-note lv-dashed", role: "status" }, reason, advice));
    } else if (error) {
      if (shownError !== error) notes.replaceChildren(errorNote("The decoder failed.", error));
    } else {
      notes.replaceChildren();
    }
    shownError = requests.silent ? null : error;
  }

  onChange(model, ["answer", "decoded", "clean", "latent", "curve", "error"], update, signal);
  onThemeChange(update, signal);
  onResize(
    root,
    () => {
      compare.fit(root.clientWidth - 8);
      update();
    },
    signal,
  );
});
