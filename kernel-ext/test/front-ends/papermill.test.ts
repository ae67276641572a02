import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cell, NotebookFolder, sourceOf, textOf } from "./notebook.js";

describe("papermill", () => {
  let notebook: NotebookFolder;
  beforeAll(() => {
    notebook = new NotebookFolder([
      'let steps: number = 1; // how many\nconst name = "none";\nlet options = {};\n',
      "console.log(steps + 1, name)",
      "JSON.stringify(options)",
    ]);
  });
  afterAll(() => notebook.remove());

  const execute = async (...parameters: string[]): Promise<Cell[]> => {
    const options = ["in.ipynb", "out.ipynb", "--no-progress-bar", ...parameters];
    expect((await notebook.run("papermill", options)).stderr).not.toContain("latentlab kernel:");
    return notebook.read("out.ipynb");
  };

  it("puts parameters into a cell of TypeScript behind the notebook's own", async () => {
    const values = '{name: "é \\"q\\" \\\\ x", options: {list: [1, 2.5, true, null], deep: {a-b: x}}}';
    const cells = await execute("-p", "steps", "41", "-y", values);
    expect(cells).toHaveLength(4);
    expect(cells[1]?.metadata.tags).toContain("injected-parameters");
    expect(sourceOf(cells[1] as Cell)).toMatch(/^\/\/ Parameters\nlet name = "é .*;\n.*\nlet steps = 41;\n/);
    expect(textOf(cells[2] as Cell)).toBe('42 é "q" \\ x\n');
    expect(textOf(cells[3] as Cell)).toBe(
      `'${JSON.stringify({ list: [1, 2.5, true, null], deep: { "a-b": "x" } })}'`,
    );
  });

  it("writes numbers that JSON does not have", async () => {
    await notebook.run("papermill", ["in.ipynb", "odd.ipynb", "-y", "{steps: .inf, name: .nan}"]);
    // papermill itself notes such parameters down as no JSON reader takes them, so this is looked for in the text.
    expect(notebook.readText("odd.ipynb")).toContain('"Infinity NaN\\n"');
  });

  it("lists what can be set, with types, defaults and comments", async () => {
    const { stdout } = await notebook.run("papermill", ["--help-notebook", "in.ipynb"]);
    expect(stdout).toContain("steps: number (default 1)");
    expect(stdout).toContain("how many");
    expect(stdout).toContain('name: Unknown type (default "none")');
  });
});

describe("a notebook in which cells fail", () => {
  let notebook: NotebookFolder;
  beforeAll(() => {
    notebook = new NotebookFolder([
      "console.log('first'); 1",
      "const wrong: number = 'text'",
      "throw new RangeError('on purpose')",
      "await Promise.reject(new Error('late'))",
      "setTimeout(() => { throw new Error('in the background') }, 0); 'after'",
      "console.log('last'); 'the end'",
    ]);
  });
  afterAll(() => notebook.remove());

  it("loses no cell in nbconvert --execute --allow-errors", async () => {
    const options = ["--to=notebook", "--execute", "--allow-errors", "--output=out.ipynb"];
    const { stderr } = await notebook.run("jupyter", ["nbconvert", ...options, "in.ipynb"]);
    expect(stderr).not.toContain("latentlab kernel:");
    const cells = notebook.read("out.ipynb");
    expect(cells.map(({ execution_count }) => execution_count)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(cells.map(textOf)).toEqual([
      "first\n1",
      "TypeScriptError",
      "RangeError",
      "Error",
      expect.stringContaining("'after'"),
      "last\n'the end'",
    ]);
  });

  it("becomes a script that is TypeScript", async () => {
    await notebook.run("jupyter", ["nbconvert", "--to=script", "--output=script", "out.ipynb"]);
    expect(notebook.readText("script.ts")).toContain("console.log('first'); 1");
  });
});

describe("a notebook whose cells run in spite of type errors", () => {
  let notebook: NotebookFolder;
  beforeAll(() => {
    notebook = new NotebookFolder([
      "import { settings } from '@latentlab/kernel'; settings.typeCheck = 'warn'; 1",
      "const a: number = 'x'; a",
      "// typecheck: warn\nconst b: number = 'y'; throw new RangeError('on purpose')",
    ]);
  });
  afterAll(() => notebook.remove());

  const expectWarnings = (file: string) => {
    const cells = notebook.read(file);
    const outputOf = (start: string) => {
      const cell = cells.find((one) => sourceOf(one).includes(start));
      return cell && textOf(cell);
    };
    const first = outputOf("const a");
    expect(first).toContain("TS2322: Type 'string' is not assignable to type 'number'.");
    expect(first).toContain("'x'");
    const second = outputOf("const b");
    expect(second).toContain("TS2322");
    expect(second).toContain("RangeError");
  };

  it("has the errors in its output after nbconvert", async () => {
    const options = ["--to=notebook", "--execute", "--allow-errors", "--output=out.ipynb"];
    await notebook.run("jupyter", ["nbconvert", ...options, "in.ipynb"]);
    expectWarnings("out.ipynb");
  });

  it("has them after papermill", async () => {
    await expect(notebook.run("papermill", ["in.ipynb", "out2.ipynb"])).rejects.toThrow("on purpose");
    expectWarnings("out2.ipynb");
  });
});
