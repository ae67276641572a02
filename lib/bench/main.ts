import { readFileSync } from "node:fs";
import process from "node:process";
import { toSection, updateDocument } from "./document.js";
import { benchEngines, usage as enginesUsage } from "./engines.js";
import { benchMemory, memoryUsage } from "./memory.js";
import { profile, profileUsage } from "./profile.js";
import { benchVae, vaeUsage } from "./vae.js";
import { serveVae } from "./vae-worker.js";
import { serve } from "./worker.js";

const usage = `${enginesUsage}

${memoryUsage}

${profileUsage}

${vaeUsage}

npm run bench -- table FILES             the tables of reports that were written with --out
npm run bench -- document FILES          puts the tables of docs/benchmarks/*.json into docs/engines.md, docs/library.md`;

const [command, ...args] = process.argv.slice(2);
try {
  if (command === "worker") await serve();
  else if (command === "vae-worker") await serveVae();
  else if (command === "vae") await benchVae(args);
  else if (command === "engines") await benchEngines(args);
  else if (command === "memory") await benchMemory(args);
  else if (command === "profile") await profile(args);
  else if (command === "table") for (const file of args) printTable(file);
  else if (command === "document") for (const file of args) updateDocument(file);
  else console.log(usage);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function printTable(file: string): void {
  console.log(`${toSection(JSON.parse(readFileSync(file, "utf8")))}\n`);
}
