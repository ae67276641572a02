type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string;

const svgNamespace = "http://www.w3.org/2000/svg";

/** An HTML element; `false`, `null` and `undefined` leave an attribute out, `true` sets it empty. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(svgNamespace, name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

let lastId = 0;
/** An id that no other element of the page has: `aria-activedescendant` and its like need one. */
export function uniqueId(): string {
  lastId += 1;
  return `lv-${lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

/** A label that is read with `part` in bold: `label("channel ", "0")`. */
export function label(before: string, part = "", after = ""): HTMLDivElement {
  return html("div", { class: "lv-label" }, before, html("b", {}, part), after);
}
