import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { venvProgram } from "../../bin/setup/paths.mjs";

/** Types lines into `jupyter console`. @returns what it shows */
function converse(lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = ["console", "--kernel", "latentlab", "--simple-prompt"];
    const program = spawn(venvProgram("jupyter"), options, { stdio: ["pipe", "pipe", "pipe"] });
    let shown = "";
    for (const stream of [program.stdout, program.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        shown += text;
      });
    program.on("error", reject);
    program.on("exit", () => resolve(shown));
    program.stdin.end(lines.map((line) => `${line}\n`).join(""));
  });
}

it("jupyter console shows the banner, values, output and errors, and ends", async () => {
  const shown = await converse([
    "const answer = 6 * 7",
    "answer",
    "console.log('printed')",
    "throw new Error('on purpose')",
    "import { input } from '@latentlab/kernel'",
    "'hello ' + (await input('name? '))",
    "Ada",
    "process.exit()",
  ]);
  expect(shown).toMatch(/latentlab .*TypeScript 5\.9/);
  expect(shown).toMatch(/Out\[2\]: 42/);
  expect(shown).toContain("printed");
  expect(shown).toContain("Error: on purpose");
  expect(shown).toMatch(/Out\[\d+\]: 'hello Ada'/);
  expect(shown).not.toContain("latentlab kernel:");
});
