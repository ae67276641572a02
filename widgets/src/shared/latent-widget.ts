import { readFileSync } from "node:fs";
import type { MimeBundle, Widget, widgetBrand } from "@latentlab/kernel";
import sharp from "sharp";
import { WidgetError } from "./errors.js";
import { StateStore } from "./state-store.js";

/** The kernel's brand, by its registered name: widgets work without the kernel at run time. */
const brand: typeof widgetBrand = Symbol.for("latentlab.widget") as never;
/** Pixels an inch at which one unit of an SVG is one pixel. */
const svgDensity = 72;
/** For screens with two pixels a unit. */
const pngScale = 2;
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

  /**
   * The present state as a picture and in words. The SVG follows the reader's colours; the PNG is there for hosts that
   * show no SVG of strangers, such as JupyterLab before it trusts a notebook.
   */
  async toMimeBundle(): Promise<MimeBundle> {
    await this.ready();
    const state = this.state.get();
    const svg = this.draw(state);
    const png = await sharp(Buffer.from(svg), { density: pngScale * svgDensity })
      .png()
      .toBuffer();
    return {
      "image/svg+xml": svg,
      "image/png": png.toString("base64"),
      "text/plain": this.describe(state),
    };
  }

  /** Resolves when the state is complete enough to be drawn. */
  async ready(): Promise<void> {}

  /** The state as an SVG document. */
  protected abstract draw(state: Readonly<State>): string;

  /** The state in words, for terminals and screen readers. */
  protected abstract describe(state: Readonly<State>): string;
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
