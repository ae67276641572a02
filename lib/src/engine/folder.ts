import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder that the set-up installs a native engine into: `$LATENTLAB_ENGINES/<engine>` where that variable is set,
 * else `.engines/<engine>` in the first folder above this package that has one.
 */
export function findEngineFolder(engine: "tensorflow" | "tensorflow-gpu" | "torch"): string | undefined {
  const override = process.env.LATENTLAB_ENGINES;
  if (override) return existingFolder(path.resolve(override, engine));
  // The real path: in a workspace this package is a link inside node_modules.
  let folder = path.dirname(realpathSync(fileURLToPath(import.meta.url)));
  while (true) {
    const found = existingFolder(path.join(folder, ".engines", engine));
    if (found) return found;
    const parent = path.dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

/** The stamp is the last thing that the set-up writes: a folder without it is not complete. */
function existingFolder(folder: string): string | undefined {
  return existsSync(path.join(folder, "stamp.json")) ? folder : undefined;
}
