import { html } from "./dom.js";

export interface Control<Value> {
  readonly element: HTMLElement;
  /** Shows `value` without calling `onChange`. */
  show(value: Value): void;
}

interface ChoiceOptions<Value extends string | number> {
  label: string;
  options: readonly (readonly [value: Value, text: string])[];
  value: Value;
  onChange(value: Value): void;
  signal: AbortSignal;
}

/** A row of words of which one is chosen: a radio group with roving tabindex. */
export function choice<Value extends string | number>(options: ChoiceOptions<Value>): Control<Value> {
  const { label, signal } = options;
  const element = html("div", { class: "lv-choice", role: "radiogroup", "aria-label": label });
  element.append(html("span", { "aria-hidden": "true" }, label));
  const show = (value: Value) => {
    buttons.forEach((button, index) => {
      const chosen = options.options[index]?.[0] === value;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
  };
  const choose = (index: number) => {
    const count = options.options.length;
    const option = options.options[(index + count) % count];
    if (!option) return;
    show(option[0]);
    options.onChange(option[0]);
  };
  const buttons = options.options.map(([, text], index) => {
    const button = html("button", { type: "button", role: "radio" }, text);
    button.addEventListener("click", () => choose(index), { signal });
    button.addEventListener(
      "keydown",
      (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        choose(index + step);
        buttons[(index + step + buttons.length) % buttons.length]?.focus();
      },
      { signal },
    );
    return button;
  });
  element.append(...buttons);
  show(options.value);
  return { element, show };
}

/** A native drop-down list with its label before it. */
export function dropDown(options: ChoiceOptions<number>): Control<number> {
  const select = html(
    "select",
    { "aria-label": options.label },
    ...options.options.map(([value, text]) => html("option", { value }, text)),
  );
  select.addEventListener("change", () => options.onChange(Number(select.value)), { signal: options.signal });
  const show = (value: number) => {
    select.value = String(value);
  };
  show(options.value);
  return { element: html("label", { class: "lv-field" }, options.label, select), show };
}

/** Pairs of name and value; `set` changes a value by the name's key, and ignores keys that the list leaves out. */
export function facts<Key extends string>(names: Partial<Record<Key, string>>) {
  const element = html("div", { class: "lv-facts", role: "list" });
  const values: Partial<Record<Key, HTMLElement>> = {};
  for (const key of Object.keys(names) as Key[]) {
    const name = html("span", { class: "lv-fact-name", "data-name": key }, names[key] ?? "");
    const value = html("span", { class: "lv-fact-value", "data-fact": key }, "–");
    values[key] = value;
    element.append(html("div", { class: "lv-fact", role: "listitem" }, name, value));
  }
  return {
    element,
    set(key: Key, text: string) {
      const value = values[key];
      if (value) value.textContent = text;
    },
  };
}
