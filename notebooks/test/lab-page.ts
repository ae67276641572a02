import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { findChromium } from "../../kernel-ext/bin/setup/paths.mjs";

/** Starts the system's Chromium. A missing browser is a failure: these tests have nothing to say without one. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("No Chromium found; install it or name one in CHROMIUM.");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** A notebook open in JupyterLab, driven the way a reader drives it. */
export class NotebookPage {
  /** What the page complained about: console errors and uncaught exceptions. */
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.stack ?? error.message}`));
  }

  /** @param prepare what to do with the page before it is loaded */
  static async open(
    browser: Browser,
    url: string,
    prepare: (page: Page) => void = () => {},
  ): Promise<NotebookPage> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    prepare(page);
    const notebook = new NotebookPage(page);
    await page.goto(url, { waitUntil: "domcontentloaded" });
    await page.waitForSelector(".jp-Notebook .jp-CodeCell", { timeout: 90_000 });
    await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', { timeout: 90_000 });
    // The indicator is idle before there is a kernel, too; cells that are run then are not executed.
    await page.locator(".jp-StatusBar-Widget").getByText("| Idle").waitFor({ timeout: 90_000 });
    return notebook;
  }

  /** Code cells in the order of the page. */
  get codeCells(): Locator {
    return this.page.locator(".jp-Notebook .jp-CodeCell");
  }

  async clickMenu(menu: string, item: string): Promise<void> {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${menu}$`) }).click();
    await this.page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${item}$`) }).click();
  }

  /** The prompt beside a code cell: "[ ]:" before, "[*]:" while, "[3]:" after it runs. */
  async promptOf(cell: number): Promise<string> {
    return (await this.codeCells.nth(cell).locator(".jp-InputPrompt").innerText()).trim();
  }

  async waitUntilRunning(cell: number, timeout = 120_000): Promise<void> {
    await this.waitForPrompt(cell, /\[\*\]/, timeout);
  }

  async waitUntilDone(cell: number, timeout = 240_000): Promise<void> {
    await this.waitForPrompt(cell, /\[\d+\]/, timeout);
  }

  private async waitForPrompt(cell: number, wanted: RegExp, timeout: number): Promise<void> {
    const deadline = Date.now() + timeout;
    while (!wanted.test(await this.promptOf(cell))) {
      if (Date.now() > deadline) {
        const errors = await this.page
          .locator(".jp-RenderedText[data-mime-type*=error], .jp-OutputArea-output pre")
          .allInnerTexts();
        throw new Error(
          `cell ${cell} is still at ${await this.promptOf(cell)}; outputs:\n${errors.join("\n").slice(-3000)}`,
        );
      }
      await this.page.waitForTimeout(100);
    }
  }
}

/** All pixels of a canvas as one string, to see whether a picture has changed. */
export function pixelsOf(canvas: Locator): Promise<string> {
  return canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}

/** Drags a range input's thumb with the mouse, as a reader does; positions are shares of its width. */
export async function dragSlider(slider: Locator, from: number, to: number): Promise<void> {
  await slider.scrollIntoViewIfNeeded();
  const box = await slider.boundingBox();
  if (!box) throw new Error("the slider is not on the page");
  const at = (share: number) => box.x + box.width * share;
  const middle = box.y + box.height / 2;
  const mouse = slider.page().mouse;
  await mouse.move(at(from), middle);
  await mouse.down();
  await mouse.move(at(to), middle, { steps: 12 });
  await mouse.up();
}
