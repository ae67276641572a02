import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** `reference.py`, beside this file's source or beside the bundle. */
export function referenceScript(): string {
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const candidates = [folder, path.dirname(folder)].map((place) => path.join(place, "reference.py"));
  const found = candidates.find((file) => existsSync(file));
  if (!found) throw new Error(`reference.py is missing: it should be at ${candidates.join(" or ")}.`);
  return found;
}
