#!/usr/bin/env node
// npm run doctor: looks at an installation; ends with 1, and says what to do, when something is amiss.
import "./setup/check-node.mjs";
import { checks, setupFix } from "./setup/checks.mjs";

let failures = 0;
for (const { title, optional, look } of checks) {
  const finding = await examine(look);
  const sign = finding.ok ? "✓" : optional ? "–" : "✗";
  console.log(`  ${sign} ${title.padEnd(26)} ${finding.detail}`);
  if (finding.ok) continue;
  console.log(`    fix: ${finding.fix}`);
  if (!optional) failures++;
}
if (failures > 0) console.error(`\n${failures} of ${checks.length} checks failed.`);
process.exitCode = failures > 0 ? 1 : 0;

async function examine(look) {
  try {
    return await look();
  } catch (error) {
    return { ok: false, detail: headline(error.message), fix: setupFix };
  }
}

/** The line of a program's output that names the error; stack frames and version banners do not help. */
function headline(message) {
  const lines = message.trim().split("\n");
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1)).trim();
}
