import { ConfigError } from "../../errors.js";

/**
 * What an `AutoencoderKL` of diffusers is built from. Fields and defaults are those of its `config.json`
 * (`models/autoencoders/autoencoder_kl.py`), in this library's spelling.
 */
export interface AutoencoderKLConfig {
  inChannels: number;
  outChannels: number;
  /** Channels at each resolution, from the full one downwards: every one but the last is followed by a halving. */
  blockOutChannels: readonly number[];
  /** For each resolution whether its blocks are followed by attention; in the decoder from the lowest one upwards. */
  downAttention: readonly boolean[];
  upAttention: readonly boolean[];
  /** Residual blocks at each resolution of the encoder; the decoder has one more. */
  layersPerBlock: number;
  midBlockAddAttention: boolean;
  latentChannels: number;
  normNumGroups: number;
  useQuantConv: boolean;
  usePostQuantConv: boolean;
  /** Height and width of the pictures that it was trained on, in pixels: the size of tiles. */
  sampleSize: number;
  /** What diffusion models work on is `(latent - shiftFactor) * scalingFactor`. */
  scalingFactor: number;
  shiftFactor: number | undefined;
  /** The same for each channel by itself, where it is known: `(latent - mean) * scalingFactor / std`. */
  latentsMean: readonly number[] | undefined;
  latentsStd: readonly number[] | undefined;
  /** Whether it fails in float16, as SDXL's does. Everything here is computed in float32 or wider exponents. */
  forceUpcast: boolean;
}

/** Absurd sizes end here and not in a request for a terabyte. SD's largest width is 512. */
const maxChannels = 16_384;
const maxResolutions = 12;
const maxLayers = 64;
const maxSampleSize = 65_536;

/**
 * Reads what `JSON.parse` makes of diffusers' `config.json`. Missing fields get diffusers' defaults; fields that it
 * does not know are passed over, as there.
 *
 * @param file for the errors' sentences
 * @throws ConfigError `ERR_MODEL_CONFIG`
 */
export function parseAutoencoderKLConfig(json: unknown, file = "config.json"): AutoencoderKLConfig {
  const fields = new ConfigFields(json, file);
  const className = fields.get("_class_name", "AutoencoderKL");
  if (className !== "AutoencoderKL") {
    throw fields.error(`describes a ${show(className)}, not an AutoencoderKL`);
  }
  const blockOutChannels = fields.list("block_out_channels", [64], (value) => isCount(value, maxChannels));
  const resolutions = blockOutChannels.length;
  if (resolutions > maxResolutions) throw fields.error(`has ${resolutions} resolutions`);
  requireActivation(fields);
  const latentChannels = fields.count("latent_channels", 4, maxChannels);
  const perChannel = (name: string, isValid: (value: number) => boolean) => {
    if ((fields.get(name, null) ?? null) === null) return undefined;
    const values = fields.list<number>(name, [], (value) => isNumber(value) && isValid(value));
    if (values.length === latentChannels) return values;
    throw fields.error(`has ${values.length} numbers in ${name} for ${latentChannels} latent channels`);
  };
  const config: AutoencoderKLConfig = {
    inChannels: fields.count("in_channels", 3, maxChannels),
    outChannels: fields.count("out_channels", 3, maxChannels),
    blockOutChannels,
    downAttention: blockTypes(fields, "down_block_types", resolutions, "DownEncoderBlock2D"),
    upAttention: blockTypes(fields, "up_block_types", resolutions, "UpDecoderBlock2D"),
    layersPerBlock: fields.count("layers_per_block", 1, maxLayers),
    midBlockAddAttention: fields.flag("mid_block_add_attention", true),
    latentChannels,
    normNumGroups: fields.count("norm_num_groups", 32, maxChannels),
    useQuantConv: fields.flag("use_quant_conv", true),
    usePostQuantConv: fields.flag("use_post_quant_conv", true),
    sampleSize: sampleSize(fields),
    scalingFactor: fields.number("scaling_factor", 0.18215, (value) => value > 0),
    shiftFactor: fields.get("shift_factor", null) === null ? undefined : fields.number("shift_factor", 0),
    latentsMean: perChannel("latents_mean", () => true),
    latentsStd: perChannel("latents_std", (value) => value > 0),
    forceUpcast: fields.flag("force_upcast", true),
  };
  for (const channels of blockOutChannels) {
    if (channels % config.normNumGroups !== 0) {
      throw fields.error(
        `wants ${config.normNumGroups} groups (norm_num_groups) of ${channels} channels (block_out_channels)`,
      );
    }
  }
  return config;
}

/** The fields of one JSON object with checks, each error naming the field. */
class ConfigFields {
  private readonly fields: ReadonlyMap<string, unknown>;

  constructor(
    json: unknown,
    private readonly file: string,
  ) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw this.error("is no JSON object");
    }
    this.fields = new Map(Object.entries(json)); // a record would find "constructor" in every object
  }

  get(name: string, missing: unknown): unknown {
    return this.fields.has(name) ? this.fields.get(name) : missing;
  }

  count(name: string, missing: number, maximum: number): number {
    const value = this.get(name, missing);
    if (isCount(value, maximum)) return value;
    throw this.error(`needs a whole number from 1 to ${maximum} as ${name}, not ${show(value)}`);
  }

  flag(name: string, missing: boolean): boolean {
    const value = this.get(name, missing);
    if (typeof value === "boolean") return value;
    throw this.error(`needs true or false as ${name}, not ${show(value)}`);
  }

  number(name: string, missing: number, isValid = (_value: number) => true): number {
    const value = this.get(name, missing);
    if (isNumber(value) && isValid(value)) return value;
    throw this.error(`has ${show(value)} as ${name}`);
  }

  list<Item>(name: string, missing: Item[], isValid: (value: unknown) => boolean): Item[] {
    const value = this.get(name, missing);
    if (Array.isArray(value) && value.length > 0 && value.every(isValid)) return value;
    throw this.error(`has ${show(value)} as ${name}`);
  }

  error(reason: string): ConfigError {
    return new ConfigError("ERR_MODEL_CONFIG", `${this.file} ${reason}. Check where it came from.`);
  }
}

/** diffusers' names of blocks, without and with attention ("Attn" in front of the name). */
function blockTypes(fields: ConfigFields, name: string, resolutions: number, plain: string): boolean[] {
  const types = fields.list<string>(name, [plain], (type) => type === plain || type === `Attn${plain}`);
  if (types.length !== resolutions) {
    throw fields.error(`has ${types.length} ${name} for ${resolutions} block_out_channels`);
  }
  return types.map((type) => type !== plain);
}

function requireActivation(fields: ConfigFields): void {
  const activation = fields.get("act_fn", "silu");
  if (activation !== "silu" && activation !== "swish") {
    throw fields.error(`wants the activation ${show(activation)}; those of autoencoders are "silu"`);
  }
}

function sampleSize(fields: ConfigFields): number {
  const value = fields.get("sample_size", 32);
  const [size] = Array.isArray(value) ? value : [value]; // diffusers, too, takes the first of two
  if (isCount(size, maxSampleSize)) return size;
  throw fields.error(`needs a number of pixels as sample_size, not ${show(value)}`);
}

function isCount(value: unknown, maximum: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= maximum;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
