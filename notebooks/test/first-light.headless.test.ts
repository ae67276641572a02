import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { isolatedEnvironment, jupyter, makeWorkFolder, root } from "./jupyterlab.js";
import {
  codeCells,
  type NotebookFile,
  outputsOf,
  pictureOf,
  readNotebook,
  textOf,
  widgetState,
  widgetView,
} from "./notebook-file.js";

const committedFile = join(root, "notebooks", "00-first-light.ipynb");
const widgetNames = ["TrainingMonitor", "LatentGrid", "ChannelHistogram", "PerturbationSlider"];

/** What holds for the notebook however long it trained. */
function describeOutputs(read: () => NotebookFile) {
  it("has no error and nothing on stderr", () => {
    const outputs = outputsOf(read());
    expect(outputs.filter((output) => output.output_type === "error")).toEqual([]);
    expect(outputs.filter((output) => output.name === "stderr").map((output) => textOf(output.text))).toEqual(
      [],
    );
  });

  it("shows something in every code cell", () => {
    const silent = codeCells(read()).filter((cell) => (cell.outputs ?? []).length === 0);
    expect(silent.map((cell) => cell.id)).toEqual([]);
  });

  it("shows every widget, and a picture beside each for readers without a kernel", () => {
    const views = outputsOf(read()).filter((output) => output.data?.[widgetView]);
    const plain = views.map((output) => textOf(output.data?.["text/plain"]));
    for (const name of widgetNames)
      expect(
        plain.some((text) => text.includes(name)),
        name,
      ).toBe(true);
    for (const output of views)
      expect(pictureOf(output), textOf(output.data?.["text/plain"])).toMatch(/<svg|^iVBOR/);
  });

  it("keeps the widgets' state, so that they are drawn when the notebook is opened again", () => {
    const notebook = read();
    const states = notebook.metadata.widgets?.[widgetState]?.state ?? {};
    const views = outputsOf(notebook).flatMap((output) => output.data?.[widgetView] ?? []) as {
      model_id: string;
    }[];
    for (const { model_id } of views) expect(states[model_id]?.model_name).toBe("AnyModel");
  });

  it("ends with the two claims and their numbers", () => {
    const claims = codeCells(read()).find((cell) => cell.id === "claims");
    const text = (claims?.outputs ?? []).map((output) => textOf(output.data?.["text/markdown"])).join("\n");
    expect(text).toMatch(/PSNR/);
    expect(text.match(/\d+\.\d+/g)?.length).toBeGreaterThanOrEqual(8);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
}

describe("the committed 00-first-light.ipynb", () => {
  describeOutputs(() => readNotebook(committedFile));
});

describe("00-first-light.ipynb executed headless in its short mode", () => {
  let executed: NotebookFile;

  beforeAll(async () => {
    const folder = makeWorkFolder("headless");
    const file = join(folder, "00-first-light.ipynb");
    copyFileSync(committedFile, file);
    const { env, remove } = isolatedEnvironment();
    try {
      const args = [
        "nbconvert",
        "--to=notebook",
        "--execute",
        "--inplace",
        "--ExecutePreprocessor.timeout=300",
        file,
      ];
      await promisify(execFile)(jupyter, args, { env, cwd: folder });
    } finally {
      remove();
    }
    executed = readNotebook(file);
  });

  describeOutputs(() => executed);
});
