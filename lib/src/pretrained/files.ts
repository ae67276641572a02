import { ConfigError, WeightsError } from "../errors.js";

/** Where the files of one model lie, relative to the folder or repository. */
export interface ModelFiles {
  config: string;
  /** A `.safetensors` file, or the list of a divided one. */
  weights: string;
}

export interface FileChoice {
  /** Folder of the autoencoder in its source. Default: `vae` where that has a `config.json`, else the source itself. */
  subfolder?: string | undefined;
  /** Which of several weights, `fp16` for example. Default: those without a variant in their name. */
  variant?: string | undefined;
}

const stem = "diffusion_pytorch_model";
export const indexEnding = /\.safetensors\.index(\.[\w-]+)?\.json$/;

/** All paths that `chooseFiles` looks for. */
export function candidateFiles(choice: FileChoice): string[] {
  const names = ["config.json", ...weightNames(choice.variant), ...otherNames(choice.variant)];
  return prefixesOf(choice).flatMap((prefix) => names.map((name) => `${prefix}${name}`));
}

/**
 * The files of diffusers' layout, in its order: a divided model comes before a whole one.
 *
 * @param available those of `candidateFiles` that exist
 * @param source for the errors' sentences
 * @throws WeightsError `ERR_WEIGHTS_NOT_FOUND`, or `ERR_WEIGHTS_FORMAT` where there are only pickles
 */
export function chooseFiles(available: ReadonlySet<string>, choice: FileChoice, source: string): ModelFiles {
  const prefixes = prefixesOf(choice);
  const prefix = prefixes.find((folder) => available.has(`${folder}config.json`));
  if (prefix === undefined) {
    const looked = prefixes.map((folder) => `${folder}config.json`).join(" or ");
    throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", `${source} has no ${looked}. Check it and subfolder.`);
  }
  const weights = weightNames(choice.variant).find((name) => available.has(`${prefix}${name}`));
  if (weights) return { config: `${prefix}config.json`, weights: `${prefix}${weights}` };
  const others = otherNames(choice.variant).filter((name) => available.has(`${prefix}${name}`));
  const wanted = weightNames(choice.variant).at(-1);
  const isPickle = others.length > 0 && others.every((name) => name.endsWith(".bin"));
  if (isPickle) {
    const message = `${source} has its weights only as ${prefix}${others[0]}. Such files can run programs and are not read; save the model as safetensors.`;
    throw new WeightsError("ERR_WEIGHTS_FORMAT", message);
  }
  const found = others.length > 0 ? `, but ${others.join(", ")}: give that variant` : "";
  const message = `${source} has no ${prefix}${wanted}${found}.`;
  throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", message);
}

function prefixesOf({ subfolder }: FileChoice): string[] {
  if (subfolder === undefined) return ["vae/", ""];
  const parts = subfolder.split("/").filter((part) => part !== "");
  if (/[\\:\0]/.test(subfolder) || subfolder.startsWith("/") || parts.some((part) => /^\.+$/.test(part))) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `subfolder has to be a folder of the source, not ${JSON.stringify(subfolder)}.`,
    );
  }
  return [parts.map((part) => `${part}/`).join("")];
}

function weightNames(variant: string | undefined): string[] {
  if (variant === undefined) return [`${stem}.safetensors.index.json`, `${stem}.safetensors`];
  if (!/^[\w-]+$/.test(variant)) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `variant has to be a word like "fp16", not ${JSON.stringify(variant)}.`,
    );
  }
  return [`${stem}.safetensors.index.${variant}.json`, `${stem}.${variant}.safetensors`];
}

/** What could be there instead: for a better sentence. */
function otherNames(variant: string | undefined): string[] {
  const plain = variant === undefined ? [] : weightNames(undefined);
  const fp16 = variant === "fp16" ? [] : weightNames("fp16");
  return [...plain, ...fp16, `${stem}.bin`];
}
