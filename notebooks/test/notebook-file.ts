import { readFileSync } from "node:fs";

/** The parts of nbformat 4 that the tests read. */
export interface NotebookFile {
  cells: Cell[];
  metadata: { widgets?: Record<string, { state: Record<string, WidgetModelState> }> };
}

export interface Cell {
  id: string;
  cell_type: "code" | "markdown";
  source: string[] | string;
  outputs?: Output[];
  execution_count?: number | null;
}

export interface Output {
  output_type: "display_data" | "execute_result" | "stream" | "error";
  name?: string;
  text?: string[] | string;
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

interface WidgetModelState {
  model_name: string;
  state: Record<string, unknown>;
}

export const widgetView = "application/vnd.jupyter.widget-view+json";
export const widgetState = "application/vnd.jupyter.widget-state+json";

export const readNotebook = (path: string): NotebookFile => JSON.parse(readFileSync(path, "utf8"));

export const codeCells = (notebook: NotebookFile): Cell[] =>
  notebook.cells.filter((cell) => cell.cell_type === "code");

export const outputsOf = (notebook: NotebookFile): Output[] =>
  codeCells(notebook).flatMap((cell) => cell.outputs ?? []);

/** nbformat stores long texts as lists of lines. */
export const textOf = (text: unknown): string => (Array.isArray(text) ? text.join("") : String(text ?? ""));

/** The static picture that stands beside a widget view, or undefined. */
export const pictureOf = (output: Output): string | undefined => {
  const picture = output.data?.["image/svg+xml"] ?? output.data?.["image/png"];
  return picture === undefined ? undefined : textOf(picture);
};

/** The notebook as it was before it ever ran. */
export const withoutOutputs = (notebook: NotebookFile): NotebookFile => ({
  ...notebook,
  cells: notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell,
  ),
  metadata: { ...notebook.metadata, widgets: undefined },
});

/** A notebook that has not run yet. */
export function notebookOf(sources: string[]) {
  return {
    cells: sources.map((source, index) => ({
      ...{ cell_type: "code", id: `cell${index}`, execution_count: null, metadata: {}, outputs: [], source },
    })),
    metadata: {
      kernelspec: { display_name: "TypeScript (latentlab)", language: "typescript", name: "latentlab" },
      language_info: { name: "typescript" },
    },
    ...{ nbformat: 4, nbformat_minor: 5 },
  };
}
