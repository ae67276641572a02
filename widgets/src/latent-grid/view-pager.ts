import { html } from "../shared/view/dom.js";

interface PagerOptions {
  /** Pictures in all. */
  count: number;
  pageSize: number;
  onTurn(offset: number): void;
  signal: AbortSignal;
}

/** Two buttons and "0–3 of 12". The last page is full: it begins `pageSize` before the end. */
export function pager({ count, pageSize, onTurn, signal }: PagerOptions) {
  let offset = 0;
  const previous = html(
    "button",
    { class: "lv-button lv-small", type: "button", "aria-label": "previous pictures" },
    "‹",
  );
  const next = html(
    "button",
    { class: "lv-button lv-small", type: "button", "aria-label": "next pictures" },
    "›",
  );
  const place = html("span", { class: "lv-text lv-muted" });
  const turn = (pages: number) => onTurn(Math.max(0, Math.min(count - pageSize, offset + pages * pageSize)));
  previous.addEventListener("click", () => turn(-1), { signal });
  next.addEventListener("click", () => turn(1), { signal });
  return {
    element: html("span", { class: "lv-field" }, previous, place, next),
    show(newOffset: number) {
      offset = newOffset;
      place.textContent = `${offset}–${offset + pageSize - 1} of ${count}`;
      previous.disabled = offset === 0;
      next.disabled = offset >= count - pageSize;
    },
  };
}
