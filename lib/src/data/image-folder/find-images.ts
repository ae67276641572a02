import fs from "node:fs/promises";
import path from "node:path";
import { DataError } from "../../errors.js";

const extensions = new Set([".jpg", ".jpeg", ".png", ".webp"]);

/**
 * Everything in a folder, and in the folders in it, that has the name of a picture, in the order of the paths.
 *
 * @throws DataError `ERR_FOLDER_NOT_FOUND`, `ERR_FOLDER_NOT_A_FOLDER`, `ERR_FOLDER_EMPTY`
 */
export async function findImages(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") {
      throw new DataError(
        "ERR_FOLDER_NOT_FOUND",
        `There is no folder ${path.resolve(folder)}. Check the path.`,
      );
    }
    if (error.code === "ENOTDIR") {
      throw new DataError(
        "ERR_FOLDER_NOT_A_FOLDER",
        `${path.resolve(folder)} is a file. Give the folder that it lies in.`,
      );
    }
    throw error;
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => extensions.has(path.extname(file).toLowerCase()))
    .sort(); // by code units: the same order on every machine, whatever its language
  if (files.length === 0) {
    throw new DataError(
      "ERR_FOLDER_EMPTY",
      `There is no JPEG, PNG or WebP file (${[...extensions].join(", ")}) in ${path.resolve(folder)} or the folders in it.`,
    );
  }
  return files;
}
