import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient } from "../kernel-client.js";

let kernel: KernelClient;
let subshell: string;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute("import { input, sleep } from '@latentlab/kernel'; let shared = 1;");
  subshell = (await kernel.request("create_subshell_request", {}, "control")).subshell_id;
});
afterAll(() => kernel.close());

const sendTo = (subshell_id: unknown, code: string, options = {}) =>
  kernel.sendExecute(code, options, { header: { subshell_id } });

it("announces that there are subshells", async () => {
  const info = await kernel.request("kernel_info_request");
  expect(info.supported_features).toContain("kernel subshells");
});

it("makes, lists and removes them", async () => {
  const { status, subshell_id: another } = await kernel.request("create_subshell_request", {}, "control");
  expect(status).toBe("ok");
  const list = async () => (await kernel.request("list_subshell_request", {}, "control")).subshell_id;
  expect((await list()).sort()).toEqual([subshell, another].sort());
  expect(await kernel.request("delete_subshell_request", { subshell_id: another }, "control")).toEqual({
    status: "ok",
  });
  expect(await list()).toEqual([subshell]);
});

it("runs a subshell's cell while the main shell's awaits, each with its own output and value", async () => {
  const slow = kernel.sendExecute("await sleep(600); console.log('main'); shared");
  await kernel.waitForPublication("execute_input", ({ parent_header }) => parent_header.msg_id === slow);
  const quick = await kernel.waitForExecution(
    sendTo(subshell, "console.log('sub'); await sleep(50); shared + 1"),
  );
  expect(quick).toMatchObject({ stdout: "sub\n", text: "2" });
  expect(kernel.publicationsOf(slow, "execute_result")).toEqual([]);
  expect(await kernel.waitForExecution(slow)).toMatchObject({ stdout: "main\n", text: "1" });
});

it("shares variables and the count of cells", async () => {
  const inSubshell = await kernel.waitForExecution(sendTo(subshell, "const fromSubshell = 7; shared = 5;"));
  const inMain = await kernel.execute("[fromSubshell, shared]");
  expect(inMain.text).toBe("[ 7, 5 ]");
  expect(inMain.reply.execution_count).toBe(inSubshell.reply.execution_count + 1);
});

it("keeps errors apart: they abort what waits in their own shell alone", async () => {
  const main = kernel.sendExecute("await sleep(300); 'main goes on'");
  const waiting = kernel.sendExecute("'and so does the next'");
  const failing = sendTo(subshell, "await sleep(50); throw new Error('in the subshell')");
  const aborted = sendTo(subshell, "1");
  expect((await kernel.waitForExecution(failing)).reply.ename).toBe("Error");
  expect((await kernel.waitForExecution(aborted)).reply.status).toBe("aborted");
  expect((await kernel.waitForExecution(main)).text).toBe("'main goes on'");
  expect((await kernel.waitForExecution(waiting)).text).toBe("'and so does the next'");
});

it("asks the front end of the shell that wants input", async () => {
  const main = kernel.sendExecute("await sleep(300); 1");
  const asking = sendTo(subshell, "await input('name? ')");
  const request = await kernel.waitFor(({ header }) => header.msg_type === "input_request");
  expect(request.parent_header.msg_id).toBe(asking);
  kernel.send("stdin", "input_reply", { value: "Ada" });
  expect((await kernel.waitForExecution(asking)).text).toBe("'Ada'");
  await kernel.waitForExecution(main);
});

it("interrupts the cells of all shells", async () => {
  const cells = [
    kernel.sendExecute("await new Promise(() => {})"),
    sendTo(subshell, "for (;;) await sleep(5)"),
  ];
  for (const cell of cells)
    await kernel.waitForPublication("execute_input", ({ parent_header }) => parent_header.msg_id === cell);
  kernel.command("interrupt");
  for (const cell of cells) {
    expect((await kernel.waitForExecution(cell)).reply).toMatchObject({ ename: "KeyboardInterrupt" });
  }
});

it("answers other requests of a subshell, and comms", async () => {
  const header = { subshell_id: subshell };
  const main = kernel.sendExecute("await sleep(400); 1");
  const completion = kernel.send("shell", "complete_request", { code: "Math.ab", cursor_pos: 7 }, { header });
  expect((await kernel.waitForReply(completion)).content.matches).toEqual(["abs"]);
  const comm = kernel.send(
    "shell",
    "comm_open",
    { comm_id: "s1", target_name: "nobody", data: {} },
    { header },
  );
  await kernel.waitForPublication("comm_close", ({ parent_header }) => parent_header.msg_id === comm);
  expect(kernel.publicationsOf(main, "execute_result")).toEqual([]);
  await kernel.waitForExecution(main);
});

it("refuses a subshell that there is not, with a sentence", async () => {
  const { reply } = await kernel.waitForExecution(sendTo("no-such", "1"));
  expect(reply).toMatchObject({ status: "error", ename: "SubshellError" });
  expect(reply.evalue).toContain("no-such");
  const gone = await kernel.request("delete_subshell_request", { subshell_id: "no-such" }, "control");
  expect(gone.status).toBe("error");
});
