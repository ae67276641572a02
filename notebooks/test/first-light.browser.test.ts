import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JupyterLab, makeWorkFolder, root, startJupyterLab } from "./jupyterlab.js";
import { dragSlider, launchChromium, NotebookPage, pixelsOf } from "./lab-page.js";
import { codeCells, readNotebook, withoutOutputs } from "./notebook-file.js";

const committedFile = join(root, "notebooks", "00-first-light.ipynb");
const cellOrder = codeCells(readNotebook(committedFile)).map((cell) => cell.id);

/** Position of a code cell on the page. */
function indexOf(id: string): number {
  const index = cellOrder.indexOf(id);
  if (index < 0) throw new Error(`00-first-light.ipynb has no code cell "${id}"`);
  return index;
}

describe("00-first-light.ipynb in JupyterLab", () => {
  const folder = makeWorkFolder("browser");
  let lab: JupyterLab;
  let browser: Browser;

  const screenshot = (notebook: NotebookPage, name: string) =>
    notebook.page.screenshot({ path: join(folder, `${name}.png`) });

  beforeAll(async () => {
    [lab, browser] = await Promise.all([startJupyterLab(), launchChromium()]);
  });

  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  });

  const open = (file: string) => NotebookPage.open(browser, lab.urlOf(relative(root, file)));

  it("shows the committed outputs, widgets included, before anything has run", async () => {
    const notebook = await open(committedFile);
    const outputOf = (id: string) => notebook.codeCells.nth(indexOf(id)).locator(".jp-OutputArea");
    await outputOf("grid").getByRole("grid").first().waitFor();
    await outputOf("histogram").locator(".vega-embed svg, .vega-embed canvas").first().waitFor();
    await outputOf("slider").getByRole("slider").waitFor();
    await outputOf("claims").locator("table").waitFor();
    await outputOf("grid").scrollIntoViewIfNeeded();
    await screenshot(notebook, "opened");
    expect(notebook.complaints).toEqual([]);
    await notebook.page.close();
  });

  it("runs from the first cell to the last, and the slider works while a later cell trains", async () => {
    const copy = join(folder, "00-first-light.ipynb");
    writeFileSync(copy, JSON.stringify(withoutOutputs(readNotebook(committedFile))));
    const notebook = await open(copy);
    await notebook.clickMenu("Run", "Run All Cells");
    const outputOf = (id: string) => notebook.codeCells.nth(indexOf(id)).locator(".jp-OutputArea");

    const slider = outputOf("slider").getByRole("slider", { name: "strength" });
    const decoded = outputOf("slider").getByRole("img", { name: "decoded" });

    // The second training runs: now the reader plays with the slider above.
    await notebook.waitUntilRunning(indexOf("train-strong"));
    const progress = outputOf("train-strong").getByRole("progressbar", { name: "training" });
    await progress.waitFor();
    const changedWhileTraining = await dragAndWatch(slider, decoded);
    expect(await notebook.promptOf(indexOf("train-strong"))).toBe("[*]:");
    expect(changedWhileTraining).toBe(true);
    await screenshot(notebook, "while-training");

    await notebook.waitUntilDone(indexOf("claims"));
    expect(await outputOf("claims").locator("table tr").count()).toBe(3);

    // LatentGrid: pointing at a cell reads the latent out.
    const map = outputOf("grid").getByRole("grid").first();
    await map.scrollIntoViewIfNeeded();
    const box = await map.boundingBox();
    if (!box) throw new Error("the latent map has no place on the page");
    await notebook.page.mouse.move(box.x + box.width / 2 + 3, box.y + box.height / 2 + 3);
    await outputOf("grid")
      .getByText(/z = [−+]?\d/)
      .waitFor();
    await screenshot(notebook, "grid");

    // ChannelHistogram: drawn by vega, with its four rows of numbers.
    const histogram = outputOf("histogram");
    await histogram.locator(".vega-embed svg, .vega-embed canvas").first().waitFor();
    for (const row of ["mean", "std", "outside", "factor"]) {
      await histogram
        .getByText(new RegExp(`^${row}`))
        .first()
        .waitFor();
    }
    await histogram.scrollIntoViewIfNeeded();
    await screenshot(notebook, "histogram");

    // PerturbationSlider: and again when nothing else runs.
    expect(await dragAndWatch(slider, decoded, 0.9, 0.2)).toBe(true);
    await screenshot(notebook, "slider");

    expect(await notebook.page.locator('[data-mime-type="application/vnd.jupyter.error"]').count()).toBe(0);
    expect(notebook.complaints).toEqual([]);
    await notebook.page.close();
  });

  /** Drags the slider and says whether the decoded picture changed. */
  async function dragAndWatch(slider: Locator, decoded: Locator, from = 0.2, to = 0.9): Promise<boolean> {
    await slider.waitFor();
    // Until the kernel has answered once, the canvas is empty.
    await slider.page().locator(".lv[data-answer]").first().waitFor();
    const before = await pixelsOf(decoded);
    await dragSlider(slider, from, to);
    const deadline = Date.now() + 15_000;
    while ((await pixelsOf(decoded)) === before && Date.now() < deadline)
      await slider.page().waitForTimeout(50);
    return (await pixelsOf(decoded)) !== before;
  }
});
