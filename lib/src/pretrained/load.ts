import fs from "node:fs/promises";
import path from "node:path";
import { type AutoencoderKL, buildAutoencoderKL } from "../autoencoder/kl/autoencoder-kl.js";
import { parseAutoencoderKLConfig } from "../autoencoder/kl/config.js";
import { listParameters } from "../autoencoder/kl/parameter-shapes.js";
import { currentEngine } from "../engine/current.js";
import { ConfigError, WeightsError } from "../errors.js";
import { requirePath } from "../options.js";
import { openSafetensors, openShardedSafetensors } from "../safetensors/index.js";
import { candidateFiles, chooseFiles, type FileChoice, indexEnding } from "./files.js";
import { fetchModel, type HubOptions, isRepositoryId } from "./hub/index.js";
import { loadParameters } from "./load-parameters.js";

export interface LoadOptions extends FileChoice, HubOptions {
  /** For a single `.safetensors` file: diffusers' config as an object. Default: `config.json` beside the file. */
  config?: object;
  /** Told what was found where, licences included. Default: `console.info`. */
  report?: (message: string) => void;
}

/** Where a model's weights come from. */
export interface Origin {
  /** Paths on this machine. */
  configFile: string | undefined;
  weightsFile: string;
  /** On the Hugging Face Hub: the repository, the commit, and what the authors allow. */
  repository: string | undefined;
  commit: string | undefined;
  licence: string | undefined;
}

export interface LoadedAutoencoderKL extends AutoencoderKL {
  readonly origin: Origin;
}

/**
 * Loads any `AutoencoderKL` that diffusers saved, in float32, float16, bfloat16 or float64, whole or divided.
 *
 * @param source a folder (of the model, or of a pipeline with its `vae`); a `.safetensors` file; or a repository of the
 *   Hugging Face Hub, `owner/name`. What exists on this machine comes first; `./` in front says that it is a path.
 * @throws WeightsError and ConfigError `ERR_MODEL_CONFIG` for files that cannot be loaded; HubError; EngineError
 *   `ERR_ENGINE_NOT_IN_USE` before `engine.use()`. Nothing stays on the engine then.
 */
export async function loadAutoencoderKL(
  source: string,
  options: LoadOptions = {},
): Promise<LoadedAutoencoderKL> {
  currentEngine();
  const origin = await locate(source, options);
  const config = await readConfig(origin, options.config);
  const weights = indexEnding.test(origin.weightsFile)
    ? await openShardedSafetensors(origin.weightsFile)
    : await openSafetensors(origin.weightsFile);
  try {
    const parameters = await loadParameters(weights, listParameters(config));
    return { ...buildAutoencoderKL(config, parameters), origin };
  } finally {
    await weights.close();
  }
}

async function locate(source: string, options: LoadOptions): Promise<Origin> {
  requirePath("source", source);
  const local = { repository: undefined, commit: undefined, licence: undefined };
  const status = await fs.stat(source).catch(() => undefined);
  if (status?.isDirectory()) {
    const { config, weights } = chooseFiles(await findExisting(source, options), options, source);
    return { ...local, configFile: path.join(source, config), weightsFile: path.join(source, weights) };
  }
  if (status) {
    if (!source.endsWith(".safetensors") && !indexEnding.test(source)) {
      const message = `${source} is no .safetensors file. Pickles (.bin, .ckpt, .pt) can run programs and are not read.`;
      throw new WeightsError("ERR_WEIGHTS_FORMAT", message, { file: source });
    }
    const beside = path.join(path.dirname(source), "config.json");
    return { ...local, configFile: options.config ? undefined : beside, weightsFile: source };
  }
  if (!isRepositoryId(source)) {
    const message = `There is no ${path.resolve(source)}, and "${source}" is no repository of the Hugging Face Hub (owner/name). Check the path.`;
    throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", message, { file: source });
  }
  const model = await fetchModel(source, options);
  const { report = console.info } = options;
  const licence = model.licence ?? `on https://huggingface.co/${source}`;
  report(`${source} (commit ${model.commit.slice(0, 12)}): licence ${licence}.`);
  return { ...model, repository: source };
}

async function findExisting(folder: string, choice: FileChoice): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const file of candidateFiles(choice)) {
    const status = await fs.stat(path.join(folder, file)).catch(() => undefined);
    if (status?.isFile()) found.add(file);
  }
  return found;
}

async function readConfig({ configFile }: Origin, given: object | undefined) {
  if (given) return parseAutoencoderKLConfig(given, "The given config");
  const file = configFile as string;
  const text = await fs.readFile(file, "utf8").catch((cause) => {
    const message = `${file} cannot be read: ${cause.message}. It says what the model is built like; give \`config\`, or put it there.`;
    throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", message, { file, cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const message = `${file} is no JSON: ${(cause as Error).message}. Get it again.`;
    throw new ConfigError("ERR_MODEL_CONFIG", message, { cause });
  }
  return parseAutoencoderKLConfig(json, file);
}
