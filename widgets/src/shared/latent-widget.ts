import { readFileSync } from "node:fs";
import type { MimeBundle, Widget, widgetBrand } from "@latentlab/kernel";
import { WidgetError } from "./errors.js";
import { StateStore } from "./state-store.js";

/** The kernel's brand, by its registered name: widgets work without the kernel at run time. */
const brand: typeof widgetBrand = Symbol.for("latentlab.widget") as never;
const fileTexts = new Map<string, string>();

/** What all widgets share: a state store, and the bundled view beside the compiled package. */
export abstract class LatentWidget<State extends object> implements Widget<State> {
  readonly [brand] = true as const;
  readonly state: StateStore<State>;
  readonly #folder: string;

  protected constructor(folder: string, initial: State) {
    this.#folder = folder;
    this.state = new StateStore(initial);
  }

  /** Source of the view's ES module. Throws `WidgetError` with `ERR_VIEW_NOT_BUILT` before `npm run build`. */
  get esm(): string {
    return readBuilt(`${this.#folder}/view.js`);
  }

  get css(): string {
    return readBuilt(`${this.#folder}/style.css`);
  }

  abstract toMimeBundle(): MimeBundle | Promise<MimeBundle>;
}

function readBuilt(path: string): string {
  const known = fileTexts.get(path);
  if (known !== undefined) return known;
  try {
    const content = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
    fileTexts.set(path, content);
    return content;
  } catch (cause) {
    throw new WidgetError("ERR_VIEW_NOT_BUILT", `The widget's ${path} is missing. Run: npm run build`, {
      cause,
    });
  }
}
