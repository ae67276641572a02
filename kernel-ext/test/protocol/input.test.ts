import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute("import { input, password } from '@latentlab/kernel';");
});
afterAll(() => kernel.close());

/** Waits for the question of a cell and answers it. */
async function answer(cell: string, value: string, index = 0): Promise<object> {
  const question = await kernel.waitFor((message) => {
    const questions = kernel.messages.filter((m) => m.channel === "stdin" && m.parent_header.msg_id === cell);
    return questions[index] === message;
  });
  kernel.send("stdin", "input_reply", { value, status: "ok" });
  return question.content;
}

it("asks one question after the other, and for secrets as such", async () => {
  const cell = kernel.sendExecute(
    "const both = await Promise.all([input('name? '), password('secret? ')]); both.join('/')",
  );
  expect(await answer(cell, "Ada")).toEqual({ prompt: "name? ", password: false });
  expect(await answer(cell, "1815", 1)).toEqual({ prompt: "secret? ", password: true });
  expect((await kernel.waitForExecution(cell)).text).toBe("'Ada/1815'");
});

it("fails at once where the front end takes no input", async () => {
  const { reply } = await kernel.execute("await input('anybody?')", { allow_stdin: false });
  expect(reply).toMatchObject({ status: "error", ename: "KernelError" });
  expect(reply.evalue).toContain("Nobody can answer");
});

it.each([
  "its question",
  "its cell",
])("drops an answer to a question that an interrupt has ended, given to %s", async (to) => {
  const questionOf = (cell: string) =>
    kernel.waitFor((message) => message.channel === "stdin" && message.parent_header.msg_id === cell);
  const first = kernel.sendExecute("await input('first? ')");
  const stale = await questionOf(first);
  kernel.command("interrupt");
  await kernel.waitForExecution(first);
  const second = kernel.sendExecute("await input('second? ')");
  const { header } = await questionOf(second);
  const answer = (value: string, parent: object) =>
    kernel.send("stdin", "input_reply", { value, status: "ok" }, { parent });
  answer("stale", to === "its cell" ? stale.parent_header : stale.header);
  answer("fresh", header);
  expect((await kernel.waitForExecution(second)).text).toBe("'fresh'");
});
