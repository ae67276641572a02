import path from "node:path";
import { fileURLToPath } from "node:url";
import { internalPrefix } from "./convert/naming.js";
import { foldFrames } from "./fold-frames.js";
import { notebookFolder } from "./notebook-folder.js";
import type { SourcePlace, SourceRegistry } from "./source-registry.js";

const kernelUrl = new URL("..", import.meta.url);
/** As stack traces name what is in it: by URL or by path. */
const kernelFolders = [kernelUrl.href, fileURLToPath(kernelUrl)];
/** Frames that say nothing to the author of a cell: Node's, tslab's, and the kernel's own. */
const hiddenFrames = [/\(?node:/, /[\\/]tslab[\\/]dist[\\/]/, /^\s+at (async )?new Promise \(<anonymous>\)/];

/** `cell[3]:1:2`, or a file that a cell has imported, at the end of a frame. */
const compiledPlace = /[( ]((?:cell|expression)\[[^\]]*\]|(?:file:\/\/)?\/.*?):(\d+):(\d+)\)?$/;
/** The same in terms of the source: `at cell [3], line 1:2` or `at f (helper.ts, line 1:2)`. */
const sourceFrame = /^\s+at (?:.*? \((.+), line (\d+):(\d+)\)|(?:async )?(.+), line (\d+):(\d+))$/;

/** What converted code calls variables and the kernel. */
const internal = `\\${internalPrefix}(?:scope|cells)\\$*\\.(?:late\\.)?`;
const internalNames = new RegExp(`\\(0 ?, ${internal}([\\p{L}\\p{N}_$]+)\\)|${internal}`, "gu");

/** "f is not a function", whatever it is called in the converted code. */
export function withoutInternalNames(text: string): string {
  return text.replace(internalNames, (_, name = "") => name);
}

/**
 * A frame of a stack in terms of the sources, `    at f (cell [3], line 1:2)`; undefined where it is nobody's. Other lines
 * than frames stay as they are.
 */
export function readableFrame(line: string, sources: SourceRegistry): string | undefined {
  if (!/^\s+at /.test(line)) return line;
  if (kernelFolders.some((folder) => line.includes(folder))) return undefined;
  if (hiddenFrames.some((pattern) => pattern.test(line))) return undefined;
  const [, name, row, column] = compiledPlace.exec(line) ?? [];
  if (!name) return withoutInternalNames(withoutOrigin(line));
  const file = name.startsWith("file:") ? fileURLToPath(name) : name;
  const place = sources.locate(file, Number(row), Number(column));
  // The function that a cell is wrapped in is not its author's; other files are as they say.
  if (!place) return isCell(file) ? undefined : line;
  const readable = `${displayName(file)}, line ${place.line}:${place.column}`;
  return withoutInternalNames(line.replace(`${name}:${row}:${column}`, readable));
}

/** Where a readable frame is, if it is of a cell or of a local file. */
export function placeOfFrame(line: string, sources: SourceRegistry): SourcePlace | undefined {
  const [name, row, column] = sourceFrame.exec(line)?.slice(1).filter(Boolean) ?? [];
  if (!name) return undefined;
  const [, kind, count] = /^(cell|expression) \[([^\]]*)\]$/.exec(name) ?? [];
  const lines = sources.linesOf(kind ? `${kind}[${count}]` : path.resolve(notebookFolder, name));
  return lines && { line: Number(row), column: Number(column), lines };
}

/** V8 keeps ten, in which a package that goes deep leaves no place for the cell that has called it. */
const stackTraceLimit = 100;

/** Makes the `stack` of errors readable, wherever it is printed; that of the kernel's own errors stays whole. */
export function installReadableStacks(sources: SourceRegistry): void {
  Error.stackTraceLimit = stackTraceLimit;
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `    at ${frame}`);
    const readable = lines.flatMap((line) => readableFrame(line, sources) ?? []);
    const isOfCell = readable.some((line) => placeOfFrame(line, sources));
    return [headingOf(error), ...(isOfCell ? foldFrames(readable) : lines)].join("\n");
  };
}

/** Name and message; an error's own methods may do anything. */
function headingOf(error: Error): string {
  try {
    return withoutInternalNames(Error.prototype.toString.call(error));
  } catch {
    return "Error";
  }
}

/** Of code made from a text, it is enough that it was. */
function withoutOrigin(line: string): string {
  return line.replace(/\(eval at .*, <anonymous>:(\d+):\d+\)$/, "(text, line $1)");
}

/** `cell [3]` for a script's name, or the file as seen from the notebook's folder. */
export function displayName(name: string): string {
  const [, kind, count] = /^(cell|expression)\[([^\]]*)\]$/.exec(name) ?? [];
  return kind ? `${kind} [${count}]` : path.relative(notebookFolder, name);
}

function isCell(name: string): boolean {
  return /^(cell|expression)\[/.test(name);
}
