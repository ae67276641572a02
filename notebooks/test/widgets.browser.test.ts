import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JupyterLab, makeWorkFolder, root, startJupyterLab } from "./jupyterlab.js";
import { launchChromium, NotebookPage } from "./lab-page.js";
import { notebookOf } from "./notebook-file.js";

const cells = [
  `import { sleep, widgetBrand, widgets } from "@latentlab/kernel";
import { TrainingMonitor } from "@latentlab/widgets";
const monitor = new TrainingMonitor({ steps: 200 });
monitor`,
  `for (let step = 1; step <= 200; step++) {
  monitor.push({ step, reconstruction: 100 / step, kl: 5, elapsedMs: 20 * step } as never);
  await sleep(20);
}
monitor.finish();`,
  // A button whose clicks are messages, and a line for the answers.
  `const bell = {
  [widgetBrand]: true as const,
  css: "",
  esm: \`export default { render({ model, el }) {
    const button = document.createElement("button");
    button.textContent = "ring";
    button.addEventListener("click", () => model.send({ rings: 3 }, undefined, [new Uint8Array([4]).buffer]));
    const line = document.createElement("output");
    model.on("msg:custom", ({ text }, [bytes]) => { line.textContent = text + " and " + bytes.getUint8(0); });
    el.append(button, line);
  } }\`,
  state: { get: () => ({}), set() {}, subscribe: () => () => {} },
  toMimeBundle: () => ({ "text/plain": "bell" }),
  receive({ rings }: { rings: number }, [bytes]: Uint8Array[]) {
    widgets.send(bell, { text: "rang " + rings }, { buffers: [new Uint8Array([(bytes?.[0] ?? 0) + 1])] });
  },
};
bell`,
  "widgets.close(bell);",
];

describe("widgets in JupyterLab", () => {
  const folder = makeWorkFolder("widgets-browser");
  const file = join(folder, "widgets.ipynb");
  let lab: JupyterLab;
  let browser: Browser;
  let notebook: NotebookPage;
  let traffic: Traffic;

  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(notebookOf(cells)));
    [lab, browser] = await Promise.all([startJupyterLab(), launchChromium()]);
    notebook = await NotebookPage.open(browser, lab.urlOf(relative(root, file)), (page) => {
      traffic = countUpdates(page);
    });
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
  const screenshot = (name: string) => notebook.page.screenshot({ path: join(folder, `${name}.png`) });

  it("tell the kernel what they have drawn, which does not run ahead of a slow page", async () => {
    await runToEnd(0);
    await outputOf(0).getByRole("progressbar").waitFor();
    await notebook.page.evaluate(slowDown, 400);
    await runToEnd(1);
    await outputOf(0).getByText("200 of 200").waitFor();
    await notebook.page.evaluate(slowDown, 0);
    await screenshot("monitor");
    expect(traffic.drawn).toBeGreaterThan(4);
    expect(traffic.received).toBeLessThan(16);
    // Two, and what is sent at the cell's end.
    expect(traffic.mostAhead).toBeLessThanOrEqual(3);
  });

  it("exchange messages with the kernel", async () => {
    await runToEnd(2);
    await outputOf(2).getByRole("button", { name: "ring" }).click();
    await outputOf(2).getByText("rang 3 and 5").waitFor();
  });

  it("go when they are closed", async () => {
    await runToEnd(3);
    await outputOf(2).getByRole("button", { name: "ring" }).waitFor({ state: "detached" });
    await screenshot("closed");
    expect(notebook.complaints).toEqual([]);
  });
});

/** Makes every frame take so long, until 0 is said. */
function slowDown(frameMs: number): void {
  const { dataset } = document.body;
  const wasSlow = Number(dataset.frameMs) > 0;
  dataset.frameMs = String(frameMs);
  const work = () => {
    const endMs = performance.now() + Number(dataset.frameMs);
    while (performance.now() < endMs);
    if (Number(dataset.frameMs) > 0) requestAnimationFrame(work);
  };
  if (!wasSlow) work();
}

interface Traffic {
  /** Numbers of the last update that came and of the last that the page has told to be drawn. */
  received: number;
  drawn: number;
  mostAhead: number;
}

/** Follows the numbered updates and the page's answers on the wire. */
function countUpdates(page: Page): Traffic {
  const traffic = { received: 0, drawn: 0, mostAhead: 0 };
  const numbersIn = (payload: string | Buffer, pattern: RegExp) =>
    [...payload.toString().matchAll(pattern)].map(([, number]) => Number(number));
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      for (const number of numbersIn(payload, /"_latentlab_update": ?(\d+)/g)) {
        traffic.received = Math.max(traffic.received, number);
        traffic.mostAhead = Math.max(traffic.mostAhead, number - traffic.drawn);
      }
    });
    socket.on("framesent", ({ payload }) => {
      for (const number of numbersIn(payload, /"latentlab":"shown".*?"update":(\d+)/g))
        traffic.drawn = number;
    });
  });
  return traffic;
}
