import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** The commands that people type, run in a checkout where nothing is installed yet. */
const realRoot = resolve(import.meta.dirname, "../../..");
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "latentlab-checkout-"));
  cpSync(join(realRoot, "kernel-ext/bin"), join(root, "kernel-ext/bin"), { recursive: true });
  for (const file of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.base.json"]) {
    cpSync(join(realRoot, file), join(root, file));
  }
  for (const folder of ["lib", "kernel-ext", "widgets", "notebooks"]) {
    mkdirSync(join(root, folder, "src"), { recursive: true });
    cpSync(join(realRoot, folder, "package.json"), join(root, folder, "package.json"));
    writeFileSync(join(root, folder, "tsconfig.json"), "{}");
  }
  writeFileSync(join(root, "widgets/build.mjs"), "");
});
afterEach(() => rmSync(root, { recursive: true }));

function command(name: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const script = join(root, "kernel-ext/bin", `${name}.mjs`);
  const result = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    cwd: root,
    env: { ...process.env, ...env },
  });
  return { status: result.status, output: result.stdout + result.stderr };
}

/** A folder of programs for PATH: shell scripts by name. */
function programs(scripts: Record<string, string>): string {
  const folder = join(root, "programs");
  mkdirSync(folder);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

describe("npm run doctor", () => {
  it("ends with 1 where nothing is installed, and says what to do for every finding", () => {
    const { status, output } = command("doctor");
    expect(status).toBe(1);
    expect(output).toMatch(/✓ Node/);
    expect(output).toMatch(/✗ npm packages +missing\n +fix: run "npm run setup"/);
    expect(output).toMatch(/✗ kernel in JupyterLab/);
    expect(output).toMatch(/✗ wasm engine/);
    expect(output.match(/✗/g)?.length).toBe(output.match(/✗[^\n]*\n +fix: \S/g)?.length);
    expect(output).not.toContain("GPU");
  });

  it("says that the tensorflow engine's variant for GPUs is untested, wherever it is set up", () => {
    const folder = join(root, ".engines/tensorflow-gpu");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "stamp.json"), "{}");
    expect(command("doctor").output).toMatch(/✓ tensorflow engine on a GPU +set up; untested on a GPU/);
  });
});

describe("npm start", () => {
  it.each([
    [["--port", "abc"], /"abc" is no port number/],
    [["--port", "99999"], /"99999" is no port number/],
    [["--prot", "1"], /--prot/],
  ])("refuses %j with its usage, before it sets anything up", (args, message) => {
    const { status, output } = command("start", args);
    expect(status).toBe(1);
    expect(output).toMatch(message);
    expect(output).toContain("--no-browser");
    expect(output).not.toContain("set-up");
  });

  it("says which step failed, how to mend it and where its log is", () => {
    const path = programs({ npm: "echo 'npm error network ECONNREFUSED' >&2; exit 1" });
    const { status, output } = command("start", ["--no-browser"], { PATH: path, npm_execpath: "" });
    expect(status).toBe(1);
    expect(output).toContain("npm packages failed");
    expect(output).toContain("npm error network ECONNREFUSED");
    expect(output).toMatch(/whole log: .*packages\.log/);
    expect(output).toMatch(/Fix: .*npm ci --ignore-scripts/);
  });
});

describe("npm run notebook", () => {
  it.each([
    [[], /No notebook was named/],
    [["nowhere.ipynb"], /There is no notebook nowhere\.ipynb/],
    [["package.json"], /package\.json is no notebook/],
    [["--foo"], /--foo/],
  ])("refuses %j with its usage", (args, message) => {
    const { status, output } = command("notebook", args);
    expect(status).toBe(1);
    expect(output).toMatch(message);
    expect(output).toContain("npm run notebook -- notebooks/00-first-light.ipynb");
  });
});

describe("findPython", () => {
  const findPython = (scripts: Record<string, string>) => {
    const path = programs(scripts);
    const module = join(root, "kernel-ext/bin/setup/python.mjs");
    const program = `const { findPython } = await import(${JSON.stringify(module)});
      console.log(JSON.stringify(await findPython().catch((error) => ({ message: error.message, fix: error.fix }))));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
      env: { PATH: path },
    });
    return JSON.parse(stdout);
  };
  const python = (path: string, version: string, hasVenv: string) =>
    `echo ${path}; echo ${version}; echo ${hasVenv}`;

  it("passes over one that is too old", () => {
    const found = findPython({
      python3: python("/old/python3", "3.8.1", "True"),
      "python3.12": python("/new/python3.12", "3.12.1", "True"),
    });
    expect(found).toMatchObject({ path: "/new/python3.12", version: "3.12.1" });
  });

  it("names the package that Debian leaves out", () => {
    const { message, fix } = findPython({ python3: python("/usr/bin/python3", "3.11.2", "False") });
    expect(message).toContain("3.11.2 is here (/usr/bin/python3), but its venv module is not");
    expect(fix).toContain("python3-venv");
  });

  it("says what it found where nothing will do", () => {
    const { message } = findPython({ python3: python("/old/python3", "3.9.2", "True") });
    expect(message).toContain("No Python 3.10 or newer was found (/old/python3 is 3.9.2)");
  });
});
