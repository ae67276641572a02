import type { Widget } from "@latentlab/kernel";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { findChromium } from "../../kernel-ext/bin/setup/paths.mjs";

/** Chromium, which a view test cannot do without: a missing browser is a failure. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("No Chromium found; install it, or name one in CHROMIUM.");
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/**
 * Gives a test file a browser, closes each test's page, and fails the test whose page complained.
 * Returns the function that shows a widget.
 */
export function useBrowser(): (widget: Widget, options?: ShowOptions) => Promise<ShownWidget> {
  let browser: Browser | undefined;
  let shown: ShownWidget | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterEach(async () => {
    expect(shown?.problems ?? []).toEqual([]);
    await shown?.close();
    shown = undefined;
  });
  afterAll(() => browser?.close());
  return async (widget, options) => {
    shown = await showWidget(browser as Browser, widget, options);
    return shown;
  };
}

export interface ShownWidget {
  page: Page;
  /** Errors and warnings of the page's console, and uncaught exceptions. */
  problems: string[];
  /** Adds another view of the same model and returns the selector of its element. */
  addView(): Promise<string>;
  /** What AFM's `render` signal does when a view goes away. */
  removeView(selector: string): Promise<void>;
  /** Cuts the wire between the page and the widget, as a kernel that is gone. */
  disconnect(): void;
  /** Custom messages that the view has sent. */
  sent: unknown[];
  /** Changes properties of the page's model that are no part of the widget's state. */
  setInPage(changes: object): Promise<void>;
  close(): Promise<void>;
}

interface ShowOptions {
  widthPx?: number;
  dark?: boolean;
  /** Attributes that JupyterLab sets on the page's body. */
  jupyterTheme?: "light" | "dark";
}

/**
 * Shows a widget's built view in a page, with a model that implements AFM's `get`, `set`, `on`, `off`, `send`
 * and `save_changes` on the widget's real state: changes travel both ways as they do through a kernel, typed arrays as
 * buffers.
 */
async function showWidget(browser: Browser, widget: Widget, options: ShowOptions = {}): Promise<ShownWidget> {
  const { widthPx = 960, dark = false, jupyterTheme } = options;
  const page = await browser.newPage({
    viewport: { width: widthPx, height: 800 },
    colorScheme: dark ? "dark" : "light",
  });
  const problems: string[] = [];
  page.on("console", (message) => {
    // The tests read canvases back; the views never do.
    if (message.text().includes("willReadFrequently")) return;
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));

  let connected = true;
  await page.exposeFunction("sendToWidget", (changes: object) => {
    if (connected) widget.state.set(changes as never, "view");
  });
  const sent: unknown[] = [];
  await page.exposeFunction("sendCustom", (content: unknown) => sent.push(content));
  const unsubscribe = widget.state.subscribe((changes, source) => {
    if (source !== "kernel" || !connected || page.isClosed()) return;
    // The page may close between the two; what it would have shown does not matter then.
    page.evaluate((wire) => window.receiveFromWidget(wire), encode(changes)).catch(() => {});
  });
  await page.route("http://widget.test/**", (route) => {
    const url = new URL(route.request().url());
    if (url.pathname === "/view.js")
      return route.fulfill({ contentType: "text/javascript", body: widget.esm });
    const theme = jupyterTheme ? ` data-jp-theme-light="${jupyterTheme === "light"}"` : "";
    const body = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"><style>html{background:Canvas;color-scheme:light dark}${widget.css}</style><script type="module">import view from "/view.js"; window.viewModule = view;</script></head><body${theme}></body></html>`;
    return route.fulfill({ contentType: "text/html", body });
  });
  await page.goto("http://widget.test/");
  await page.evaluate(createModel, encode(widget.state.get()));
  const addView = () => page.evaluate(() => window.addView());
  await addView();
  return {
    page,
    problems,
    addView,
    removeView: (selector) => page.evaluate((view) => window.removeView(view), selector),
    disconnect: () => {
      connected = false;
    },
    sent,
    setInPage: (changes) => page.evaluate((wire) => window.receiveFromWidget(wire), encode(changes)),
    async close() {
      unsubscribe();
      await page.close();
    },
  };
}

type Encoded = Record<string, { json: unknown } | { base64: string }>;

declare global {
  interface Window {
    viewModule: {
      initialize(props: { model: object; signal: AbortSignal }): void;
      render(props: { model: object; el: HTMLElement; signal: AbortSignal }): unknown;
    };
    sendCustom(content: unknown): Promise<void>;
    sendToWidget(changes: object): Promise<void>;
    receiveFromWidget(changes: Encoded): void;
    addView(): Promise<string>;
    removeView(selector: string): void;
  }
}

function encode(state: object): Encoded {
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => {
      if (!ArrayBuffer.isView(value)) return [key, { json: value }];
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return [key, { base64: bytes.toString("base64") }];
    }),
  );
}

/** Runs in the page: the front end's half of a model. */
function createModel(initial: Encoded): void {
  const values = new Map<string, unknown>();
  const listeners = new Map<string, Set<() => void>>();
  const unsaved = new Set<string>();
  const decode = (entry: Encoded[string]) => {
    if (!("base64" in entry)) return entry.json;
    const bytes = Uint8Array.from(atob(entry.base64), (sign) => sign.charCodeAt(0));
    // One byte off, as a buffer within a message may be.
    const message = new Uint8Array(bytes.length + 1);
    message.set(bytes, 1);
    return new DataView(message.buffer, 1);
  };
  const change = (key: string, value: unknown) => {
    if (Object.is(values.get(key), value)) return;
    values.set(key, value);
    for (const listener of listeners.get(`change:${key}`) ?? []) listener();
  };
  const model = {
    get: (key: string) => values.get(key),
    set(key: string, value: unknown) {
      unsaved.add(key);
      change(key, value);
    },
    save_changes() {
      const changes = Object.fromEntries([...unsaved].map((key) => [key, values.get(key)]));
      unsaved.clear();
      window.sendToWidget(changes);
    },
    on(event: string, listener: () => void) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off(event: string, listener: () => void) {
      listeners.get(event)?.delete(listener);
    },
    send(content: unknown) {
      window.sendCustom(content);
    },
  };
  for (const [key, entry] of Object.entries(initial)) values.set(key, decode(entry));
  window.receiveFromWidget = (changes) => {
    // All fields first: a listener must not see half of an update.
    const decoded = Object.entries(changes).map(([key, entry]) => [key, decode(entry)] as const);
    const changed = decoded.filter(([key, value]) => !Object.is(values.get(key), value));
    for (const [key, value] of changed) values.set(key, value);
    for (const [key] of changed) for (const listener of listeners.get(`change:${key}`) ?? []) listener();
  };
  const countListeners = () => [...listeners.values()].reduce((count, set) => count + set.size, 0);
  window.viewModule.initialize({ model, signal: new AbortController().signal });
  const listenersOfModel = countListeners();
  const controllers = new Map<string, AbortController>();
  window.addView = async () => {
    const element = document.createElement("div");
    element.id = `view-${controllers.size}`;
    const controller = new AbortController();
    controllers.set(`#${element.id}`, controller);
    // JupyterLab attaches a view after it was drawn.
    await window.viewModule.render({ model, el: element, signal: controller.signal });
    document.body.append(element);
    return `#${element.id}`;
  };
  window.removeView = (selector) => {
    controllers.get(selector)?.abort();
    document.body.dataset.listeners = String(countListeners() - listenersOfModel);
  };
}
