import type { EngineDescription } from "./engine.js";

/**
 * A copy of the description that prints as a few lines of text. In a notebook it is the last line of the first cell,
 * so it has to say at a glance what computes, and what would make it faster.
 */
export function printable(description: EngineDescription): EngineDescription {
  const copy = structuredClone(description);
  // Not enumerable: programs see the plain record.
  Object.defineProperty(copy, Symbol.for("nodejs.util.inspect.custom"), {
    value: () => describeInWords(copy),
  });
  return copy;
}

function describeInWords({ name, version, device, precision, notUsed }: EngineDescription): string {
  const lines = [`${name} ${version} on ${device}, ${precision}`];
  for (const { name, reason, fix } of notUsed) {
    lines.push(`not ${name}: ${reason}`);
    if (fix) lines.push(`  to have it: ${fix}`);
  }
  return lines.join("\n");
}
