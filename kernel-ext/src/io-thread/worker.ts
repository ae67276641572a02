import { readFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { setTerminal } from "../native-output/terminal.js";
import type { IoThreadData } from "../threads/thread-messages.js";
import { Server } from "./server.js";

const parentCheckMs = 1000;

const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const parentPid = process.ppid;
const data = workerData as IoThreadData;
if (data.nativeOutput) setTerminal(data.nativeOutput.terminal);
const server = await Server.start(data, version);
server.serve();

// A kernel whose Jupyter died must not live on: the system then gives it another parent.
setInterval(() => {
  if (process.ppid !== parentPid) void server.shutDown();
}, parentCheckMs);
