import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { venvProgram } from "../../bin/setup/paths.mjs";

export interface Cell {
  cell_type: string;
  execution_count?: number | null;
  source: string | string[];
  outputs: {
    output_type: string;
    text?: string | string[];
    ename?: string;
    data?: Record<string, unknown>;
  }[];
  metadata: { tags?: string[] };
}

/** A folder with a notebook of the given cells; the first has the tag "parameters". */
export class NotebookFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "latentlab-front-end-"));

  constructor(cells: string[]) {
    const notebook = {
      cells: cells.map((source, index) => ({
        ...{ cell_type: "code", id: `cell${index}`, execution_count: null, outputs: [], source },
        metadata: index === 0 ? { tags: ["parameters"] } : {},
      })),
      metadata: { kernelspec: { display_name: "TypeScript", language: "typescript", name: "latentlab" } },
      ...{ nbformat: 4, nbformat_minor: 5 },
    };
    writeFileSync(join(this.folder, "in.ipynb"), JSON.stringify(notebook));
  }

  /** Runs a program of the virtual environment in the folder; rejects where that fails. */
  run(program: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      execFile(venvProgram(program), args, { cwd: this.folder, encoding: "utf8" }, (error, stdout, stderr) =>
        error ? reject(new Error(stderr)) : resolve({ stdout, stderr }),
      );
    });
  }

  read(file: string): Cell[] {
    return JSON.parse(this.readText(file)).cells;
  }

  readText(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export const sourceOf = ({ source }: Cell) => [source].flat().join("");
/** What a cell printed and came to. */
export const textOf = ({ outputs }: Cell) =>
  outputs.map(({ text, data, ename }) => [text ?? data?.["text/plain"] ?? ename].flat().join("")).join("");
