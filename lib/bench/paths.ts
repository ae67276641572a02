import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** A Python program of the benchmarks, beside this file's source or beside the bundle. */
export function referenceScript(name: "reference.py" | "vae_reference.py" = "reference.py"): string {
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const candidates = [folder, path.dirname(folder)].map((place) => path.join(place, name));
  const found = candidates.find((file) => existsSync(file));
  if (!found) throw new Error(`${name} is missing: it should be at ${candidates.join(" or ")}.`);
  return found;
}
