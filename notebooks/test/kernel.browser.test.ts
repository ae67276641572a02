import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JupyterLab, makeWorkFolder, root, startJupyterLab } from "./jupyterlab.js";
import { dragSlider, launchChromium, NotebookPage } from "./lab-page.js";
import { notebookOf } from "./notebook-file.js";

/** The smallest widget with two ways: a range input and the kernel's word for its value. */
const dials = `
import { type ChangeSource, display, jslink, type MimeBundle, progress, sleep, type Widget, widgetBrand } from "@latentlab/kernel";

interface DialState { angle: number; said: string }
class Dial implements Widget<DialState> {
  readonly [widgetBrand] = true as const;
  readonly css = "";
  readonly esm = \`export default { render({ model, el }) {
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, value: model.get("angle") });
    input.ariaLabel = model.get("name");
    const said = document.createElement("output");
    const show = () => { input.value = model.get("angle"); said.textContent = model.get("said"); };
    input.addEventListener("input", () => { model.set("angle", Number(input.value)); model.save_changes(); });
    model.on("change:angle", show); model.on("change:said", show); show();
    el.append(input, " ", said);
  } }\`;
  values: DialState & { name: string };
  readonly listeners = new Set<(changes: Partial<DialState>, source: ChangeSource) => void>();
  constructor(name: string) { this.values = { name, angle: 10, said: "kernel: 10" }; }
  readonly state = {
    get: () => this.values,
    set: (changes: Partial<DialState>, source: ChangeSource = "kernel") => {
      this.values = { ...this.values, ...changes };
      for (const listener of this.listeners) listener(changes, source);
      if (source === "view" && changes.angle !== undefined) this.state.set({ said: "kernel: " + changes.angle });
    },
    subscribe: (listener: (changes: Partial<DialState>, source: ChangeSource) => void) => {
      this.listeners.add(listener);
      return () => { this.listeners.delete(listener); };
    },
  };
  toMimeBundle(): MimeBundle { return { "text/plain": "Dial at " + this.values.angle }; }
}
const [first, second] = [new Dial("first"), new Dial("second")];`;

const cells = [
  dials,
  "display(first); display(second); jslink([first, 'angle'], [second, 'angle']);",
  "for await (const epoch of progress(3, { label: 'epoch' })) for await (const step of progress(4, { label: 'step', unit: 'steps' })) await sleep(120);",
  "interface Gone { x: number }\nfunction fail(depth: number): never {\n  throw new RangeError('too deep: ' + depth);\n}\nfail(3);",
  "const wrong: number = 'text';\nwrong.trim();",
  "for (;;) { await sleep(50); }",
];

describe("the kernel in JupyterLab", () => {
  const folder = makeWorkFolder("kernel-browser");
  const file = join(folder, "kernel.ipynb");
  let lab: JupyterLab;
  let browser: Browser;
  let notebook: NotebookPage;

  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(notebookOf(cells)));
    [lab, browser] = await Promise.all([startJupyterLab(), launchChromium()]);
    notebook = await NotebookPage.open(browser, lab.urlOf(relative(root, file)));
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const outputOf = (cell: number) => notebook.codeCells.nth(cell).locator(".jp-OutputArea");
  const run = async (cell: number) => {
    await notebook.codeCells.nth(cell).locator(".cm-content").click();
    await notebook.page.keyboard.press("Control+Enter");
  };
  const runToEnd = async (cell: number) => {
    await run(cell);
    await notebook.waitUntilDone(cell);
  };
  const dial = (name: string): Locator => notebook.page.getByRole("slider", { name });
  const screenshot = (name: string) => notebook.page.screenshot({ path: join(folder, `${name}.png`) });

  it("links widgets in the page, and both reach the kernel", async () => {
    await runToEnd(0);
    await runToEnd(1);
    await dial("second").waitFor();
    await dragSlider(dial("first"), 0.1, 0.8);
    const angle = await dial("first").inputValue();
    expect(Number(angle)).toBeGreaterThan(50);
    expect(await dial("second").inputValue()).toBe(angle);
    await outputOf(1).getByText(`kernel: ${angle}`).nth(1).waitFor();
    expect(await outputOf(1).locator(".jp-OutputArea-executeResult").count()).toBe(0);
  });

  it("colours TypeScript's own words", async () => {
    const words = notebook.codeCells.nth(3).locator(".cm-line span", { hasText: /^interface$/ });
    expect(await words.count()).toBe(1);
  });

  it("shows progress as bars, of which the outer one stays", async () => {
    await run(2);
    await outputOf(2).getByRole("progressbar", { name: "step" }).waitFor();
    await screenshot("progress");
    await notebook.waitUntilDone(2);
    await outputOf(2).getByText("3 of 3").waitFor();
    expect(await outputOf(2).getByRole("progressbar").count()).toBe(1);
  });

  it("shows errors in terms of the source, and all type errors at once", async () => {
    await runToEnd(3);
    await outputOf(3).getByText("> 3 |   throw new RangeError('too deep: ' + depth);").waitFor();
    await outputOf(3).getByText("at fail (cell [4], line 3)").waitFor();
    await runToEnd(4);
    const text = await outputOf(4).innerText();
    expect(text).toContain("at cell [5], line 1");
    expect(text).toContain("at cell [5], line 2");
    await screenshot("errors");
  });

  it("stops a cell by the stop button, and widgets answer while it runs", async () => {
    await run(5);
    await notebook.waitUntilRunning(5);
    await dragSlider(dial("second"), 0.8, 0.3);
    const angle = await dial("second").inputValue();
    await outputOf(1).getByText(`kernel: ${angle}`).nth(1).waitFor();
    expect(await notebook.promptOf(5)).toBe("[*]:");
    await notebook.page
      .locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt"]')
      .first()
      .click();
    await notebook.waitUntilDone(5);
    await outputOf(5).getByText("KeyboardInterrupt").first().waitFor();
  });

  it("brings widgets back, alive and linked, when the page is loaded anew", async () => {
    await notebook.clickMenu("File", "Save Notebook");
    const before = await dial("first").inputValue();
    await notebook.page.reload({ waitUntil: "domcontentloaded" });
    await dial("first").waitFor({ timeout: 90_000 });
    expect(await dial("first").inputValue()).toBe(before);
    await dragSlider(dial("first"), Number(before) / 100, 0.9);
    const angle = await dial("first").inputValue();
    expect(angle).not.toBe(before);
    expect(await dial("second").inputValue()).toBe(angle);
    await outputOf(1).getByText(`kernel: ${angle}`).nth(1).waitFor();
    await screenshot("reloaded");
    expect(notebook.complaints).toEqual([]);
  });
});
