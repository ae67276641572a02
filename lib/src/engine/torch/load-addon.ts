import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { EngineError } from "../../errors.js";
import { findDamagedLibrary } from "../damaged-library.js";
import { findEngineFolder } from "../folder.js";
import type { Addon } from "./addon.js";

const fix = "npm run setup -- --engine torch";

/**
 * Loads the addon that the set-up has compiled, and with it libtorch. The same one at every call.
 *
 * @throws EngineError `ERR_ENGINE_UNAVAILABLE` with what is missing, and the command that fixes it
 */
export function loadAddon(): Addon {
  const folder = findEngineFolder("torch");
  if (!folder) throw unavailable("it is not set up on this machine");
  const { torch, sitePackages } = readStamp(folder);
  const damaged = findDamagedLibrary([
    folder,
    ...libraryFolders(path.resolve(folder, "../..", sitePackages)),
  ]);
  if (damaged) {
    // The set-up looks into PyTorch's package by itself, and takes what it has compiled earlier for good.
    const remedy = path.dirname(damaged) === folder ? `; remove the folder ${folder}` : "";
    throw unavailable(`its file ${path.basename(damaged)} is damaged${remedy}`);
  }
  const addon = load(path.join(folder, "addon.node"));
  const found = addon.info().torch;
  if (found !== torch) {
    throw unavailable(
      `it was compiled for torch ${torch}, and the one in the virtual environment is ${found}`,
    );
  }
  return addon;
}

/** What the set-up has noted down. */
interface Stamp {
  /** The version of torch that the addon was compiled against. */
  torch: string;
  /** Where Python's packages are, from the checkout's root. */
  sitePackages: string;
}

function readStamp(folder: string): Stamp {
  try {
    const { torch, sitePackages = "" } = JSON.parse(readFileSync(path.join(folder, "stamp.json"), "utf8"));
    return { torch, sitePackages };
  } catch (error) {
    throw unavailable("its stamp.json is damaged", error);
  }
}

/** Of PyTorch, and of CUDA where it is installed. */
function libraryFolders(sitePackages: string): string[] {
  const nvidia = path.join(sitePackages, "nvidia");
  const packages = existsSync(nvidia) ? readdirSync(nvidia) : [];
  return ["torch/lib", ...packages.map((name) => `nvidia/${name}/lib`)].map((name) =>
    path.join(sitePackages, name),
  );
}

function load(file: string): Addon {
  try {
    return createRequire(file)(file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw unavailable(explainLoadFailure(message), error);
  }
}

/** What the dynamic linker's message means, with its first line where it is of no known kind. */
export function explainLoadFailure(message: string): string {
  const missing = /([\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(message)?.[1];
  if (missing?.startsWith("libtorch") || missing?.startsWith("libc10")) {
    return `PyTorch's library ${missing} is not where it was at set-up; the virtual environment may have been made anew`;
  }
  if (/^lib(cu|nv|nccl)/.test(missing ?? "")) {
    return `CUDA's library ${missing}, which PyTorch's own need, is missing from the virtual environment`;
  }
  if (missing) return `the library ${missing} is missing on this machine`;
  const compiler = /version [`'"](GLIBCXX|CXXABI|GLIBC)_([\d.]+)['"`] not found/.exec(message);
  if (compiler) {
    return `it was compiled on a newer system (${compiler[1]} ${compiler[2]}) than this one`;
  }
  if (/undefined symbol|symbol lookup error/.test(message)) {
    return "the torch in the virtual environment is not the one that it was compiled for";
  }
  if (/file too short|invalid ELF|ELF file|self-register|cannot map|failed to map/.test(message)) {
    const file = /([^\s:]+\.(?:node|so[\w.]*))/.exec(message)?.[1];
    return `${file ? `its file ${path.basename(file)}` : "one of its files"} is damaged`;
  }
  if (/Cannot find module|No such file/.test(message)) return "its file addon.node is missing";
  return message.split("\n")[0] ?? message;
}

function unavailable(reason: string, cause?: unknown): EngineError {
  return new EngineError(
    "ERR_ENGINE_UNAVAILABLE",
    `The torch engine cannot start: ${reason}. Run \`${fix}\` in the project's folder; it says what it needs.`,
    fix,
    { cause },
  );
}
