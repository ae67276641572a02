import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { venv } from "../../kernel-ext/bin/setup/paths.mjs";
import { htmlManager, requireJs } from "../../kernel-ext/bin/setup/test-tools.mjs";
import { isolatedEnvironment, jupyter, makeWorkFolder } from "./jupyterlab.js";
import { launchChromium } from "./lab-page.js";
import { notebookOf } from "./notebook-file.js";

const cells = [
  `import { display, jslink } from "@latentlab/kernel";
import { TrainingMonitor } from "@latentlab/widgets";
const [first, second] = [new TrainingMonitor({ steps: 50 }), new TrainingMonitor({ steps: 50 })];
for (let step = 1; step <= 30; step++) first.push({ step, reconstruction: 100 / step, kl: 5, elapsedMs: 20 * step } as never);
display(first); display(second); jslink([first, "axis"], [second, "axis"]);`,
];

/** What an exported page loads from the net, by its address, and where it is on this machine. */
const scripts: [RegExp, (match: RegExpMatchArray) => string][] = [
  [/\/require(\.min)?\.js$/, () => requireJs],
  [
    /\/@jupyter-widgets\/html-manager@[^/]*\/dist\/([\w.-]+)$/,
    ([, name]) => join(htmlManager, "dist", name ?? ""),
  ],
  [
    /\/anywidget@[^/]*\/dist\/index\.js$/,
    () => join(venv, "share", "jupyter", "nbextensions", "anywidget", "index.js"),
  ],
];

describe("a notebook that is executed and exported to HTML", () => {
  const folder = makeWorkFolder("exported-html");
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const file = join(folder, "linked.ipynb");
    writeFileSync(file, JSON.stringify(notebookOf(cells)));
    const { env, remove } = isolatedEnvironment();
    try {
      await promisify(execFile)(jupyter, ["nbconvert", "--execute", "--to=html", file], { env, cwd: folder });
    } finally {
      remove();
    }
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
    await page.route(/^https?:/, (route) => {
      for (const [address, find] of scripts) {
        const match = route.request().url().match(address);
        if (match)
          return route.fulfill({ path: find(match), headers: { "access-control-allow-origin": "*" } });
      }
      return route.abort();
    });
    await page.goto(pathToFileURL(join(folder, "linked.html")).href);
  });
  afterAll(() => browser?.close());

  it("draws its widgets as the cells left them, without a kernel", async () => {
    const steps = page.locator("[data-fact=step]");
    await steps.nth(1).waitFor();
    expect(await steps.allInnerTexts()).toEqual(["30 of 50", "0 of 50"]);
  });

  it("keeps them linked", async () => {
    const linear = page.getByRole("radio", { name: "linear" });
    const chosen = () => linear.evaluateAll((all) => all.map((radio) => radio.ariaChecked));
    expect(await chosen()).toEqual(["false", "false"]);
    await linear.first().click();
    await expect.poll(chosen).toEqual(["true", "true"]);
    await page.screenshot({ path: join(folder, "linked.png") });
  });
});
