import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { findEngineFolder } from "../folder.js";

/** tfjs-node's JavaScript and a binding for it, somewhere on this machine. */
export interface Installation {
  package: "@tensorflow/tfjs-node" | "@tensorflow/tfjs-node-gpu";
  /** Whether TensorFlow's library in it can use GPUs; there may be none all the same. */
  forGpu: boolean;
  binding: string;
  /** Finds modules as seen from there. */
  require: NodeJS.Require;
}

/**
 * All there are, the one to prefer first: for GPUs before the CPU alone, and the npm package as it was published, where
 * the user has installed that, before what our set-up has made of it.
 */
export function findInstallations(): Installation[] {
  const found = [
    findPublished("@tensorflow/tfjs-node-gpu"),
    findOurs("tensorflow-gpu"),
    findPublished("@tensorflow/tfjs-node"),
    findOurs("tensorflow"),
  ];
  return found.filter((installation) => installation !== undefined);
}

/** From the user's project: the folder that the program was started in. */
function findPublished(name: Installation["package"]): Installation | undefined {
  const require = createRequire(path.join(process.cwd(), "package.json"));
  try {
    const library = path.join(path.dirname(require.resolve(`${name}/package.json`)), "lib");
    const version = readdirSync(library).find((folder) => folder.startsWith("napi-v"));
    if (!version) return undefined;
    const binding = path.join(library, version, "tfjs_binding.node");
    return { package: name, forGpu: name.endsWith("-gpu"), binding: require.resolve(binding), require };
  } catch {
    return undefined; // not installed, or its own installation has failed half-way
  }
}

/** Where the native libraries of an installation are. */
export function libraryFolders({ binding }: Installation): string[] {
  const folder = path.dirname(binding);
  const nvidia = path.join(folder, "nvidia");
  const parts = existsSync(nvidia) ? readdirSync(nvidia) : [];
  return [
    folder,
    path.join(folder, "tensorflow"),
    ...parts.map((part) => path.join(nvidia, part, "lib")),
    path.join(folder, "../../deps/lib"), // of the published package
  ];
}

function findOurs(engine: "tensorflow" | "tensorflow-gpu"): Installation | undefined {
  const folder = findEngineFolder(engine);
  if (!folder) return undefined;
  const forGpu = engine === "tensorflow-gpu";
  return {
    package: forGpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node",
    forGpu,
    binding: path.join(folder, "tfjs_binding.node"),
    require: createRequire(path.join(folder, "package.json")),
  };
}
