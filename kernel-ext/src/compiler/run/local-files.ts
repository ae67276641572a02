import { statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What a specifier without an extension, or with JavaScript's, may stand for; in this order. */
const extensions = [".ts", ".tsx", ".mts"];
const ofJavaScript: Record<string, string[]> = { ".js": [".ts", ".tsx"], ".mjs": [".mts"] };

/** The path that a specifier names, as seen from a folder; undefined for packages and for Node's modules. */
export function findLocalPath(specifier: string, folder: string): string | undefined {
  if (specifier.startsWith("file:")) return fileURLToPath(specifier);
  if (!/^\.{1,2}(\/|$)/.test(specifier) && !path.isAbsolute(specifier)) return undefined;
  return path.resolve(folder, specifier.replace(/\?.*$/, ""));
}

/** The TypeScript file that a specifier names, as TypeScript itself finds it; undefined for anything else. */
export function findTypeScriptFile(specifier: string, folder: string): string | undefined {
  const wanted = findLocalPath(specifier, folder);
  if (wanted === undefined) return undefined;
  const extension = path.extname(wanted);
  if (extensions.includes(extension)) return isFile(wanted) ? wanted : undefined;
  if (isFile(wanted)) return undefined; // JavaScript or JSON, which Node imports
  const stem = wanted.slice(0, wanted.length - extension.length);
  const candidates = [
    ...(ofJavaScript[extension] ?? []).map((other) => stem + other),
    ...extensions.map((added) => wanted + added),
    ...extensions.map((added) => path.join(wanted, `index${added}`)),
  ];
  return candidates.find(isFile);
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
