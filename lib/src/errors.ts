import type { Checkpoint } from "./train/checkpoint.js";

/** The common ancestor of the library's errors: a `code` for programs, a sentence that says what to do for people. */
export class LatentlabError<Code extends string = string> extends Error {
  override readonly name: string = "LatentlabError";

  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export type EngineErrorCode =
  | "ERR_ENGINE_UNKNOWN"
  | "ERR_ENGINE_UNAVAILABLE"
  | "ERR_ENGINE_NOT_IN_USE"
  /** The engine has no such device or precision. */
  | "ERR_ENGINE_OPTION"
  /** The device's memory does not suffice; the engine goes on working. */
  | "ERR_TORCH_OOM"
  /** Any other error of libtorch. */
  | "ERR_TORCH"
  | "ERR_TENSOR_FREED"
  /** Something that cannot be done inside a compiled step. */
  | "ERR_COMPILED_STEP";

/** A tensor engine cannot be had, or cannot do what it was asked to. `fix` is the command that helps, where there is one. */
export class EngineError extends LatentlabError<EngineErrorCode> {
  override readonly name = "EngineError";

  constructor(
    code: EngineErrorCode,
    message: string,
    readonly fix?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export type DataErrorCode =
  | "ERR_FOLDER_NOT_FOUND"
  | "ERR_FOLDER_NOT_A_FOLDER"
  | "ERR_FOLDER_EMPTY"
  | "ERR_IMAGE_BROKEN"
  | "ERR_IMAGE_TOO_LARGE"
  /** No file or folder of that name holds the data set. */
  | "ERR_DATASET_NOT_FOUND"
  /** A file of the data set is missing. */
  | "ERR_DATASET_INCOMPLETE"
  /** A file of the data set is not in its format, or damaged. */
  | "ERR_DATASET_FORMAT"
  | "ERR_DATASET_CHECKSUM"
  /** What has arrived is kept; the next attempt goes on from there. */
  | "ERR_DOWNLOAD_FAILED"
  | "ERR_INDEX_OUT_OF_RANGE"
  | "ERR_NOT_FINITE"
  /** Latents are not normally distributed where a formula needs it. */
  | "ERR_NOT_GAUSSIAN"
  | "ERR_SHAPE_MISMATCH"
  /** A tensor of another type than a layer computes in. */
  | "ERR_DTYPE_MISMATCH"
  /** A statistic or a metric that needs more samples, or samples that differ. */
  | "ERR_TOO_FEW_SAMPLES"
  /** Two frontiers that share no range on which they could be compared. */
  | "ERR_NO_COMMON_RANGE";

/** Images or arrays that cannot be used. `file` names the culprit where there is one. */
export class DataError extends LatentlabError<DataErrorCode> {
  override readonly name = "DataError";

  constructor(
    code: DataErrorCode,
    message: string,
    readonly file?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export type WeightsErrorCode =
  /** There is no such file, or nothing in the folder that can be loaded. */
  | "ERR_WEIGHTS_NOT_FOUND"
  /** Weights in another format: a pickle, or another project's names. */
  | "ERR_WEIGHTS_FORMAT"
  | "ERR_WEIGHTS_HEADER"
  /** The same name twice. */
  | "ERR_WEIGHTS_DUPLICATE"
  | "ERR_WEIGHTS_OFFSETS"
  /** The file is shorter than its header says. */
  | "ERR_WEIGHTS_TRUNCATED"
  | "ERR_WEIGHTS_DTYPE"
  | "ERR_WEIGHTS_SHAPE"
  /** The list of a divided file's parts is wrong. */
  | "ERR_WEIGHTS_INDEX"
  | "ERR_WEIGHTS_MISSING"
  | "ERR_WEIGHTS_UNEXPECTED"
  | "ERR_WEIGHTS_NOT_FINITE"
  /** Saving would leave another model's files beside the new ones. */
  | "ERR_WEIGHTS_FOLDER_IN_USE";

/** Weights that cannot be read or written. `file` and `tensor` name the culprit where there is one. */
export class WeightsError extends LatentlabError<WeightsErrorCode> {
  override readonly name = "WeightsError";
  readonly file: string | undefined;
  readonly tensor: string | undefined;

  constructor(
    code: WeightsErrorCode,
    message: string,
    { file, tensor, cause }: { file?: string | undefined; tensor?: string; cause?: unknown } = {},
  ) {
    super(code, message, { cause });
    this.file = file;
    this.tensor = tensor;
  }
}

export type HubErrorCode =
  | "ERR_HUB_REPOSITORY_ID"
  | "ERR_HUB_NOT_FOUND"
  /** No token, a wrong one, or a licence that has to be accepted first. */
  | "ERR_HUB_DENIED"
  /** No answer, or one that says that the hub has trouble: worth trying again. */
  | "ERR_HUB_UNAVAILABLE"
  /** The connection broke off; what has come is kept for the next try. */
  | "ERR_HUB_INCOMPLETE"
  | "ERR_HUB_CHECKSUM"
  | "ERR_HUB_REDIRECT"
  /** An answer that no hub would give: wrong lengths, or names that lead out of the cache. */
  | "ERR_HUB_ANSWER"
  | "ERR_HUB_OFFLINE";

/** Something could not be had from the Hugging Face Hub. `url` is what was asked for. */
export class HubError extends LatentlabError<HubErrorCode> {
  override readonly name = "HubError";

  constructor(
    code: HubErrorCode,
    message: string,
    readonly url?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export type ConfigErrorCode =
  | "ERR_OPTION_OUT_OF_RANGE"
  /** A model's `config.json` that describes nothing that can be built. */
  | "ERR_MODEL_CONFIG";

/** A function was asked for something that cannot be built or run: the sentence names the option. */
export class ConfigError extends LatentlabError<ConfigErrorCode> {
  override readonly name = "ConfigError";
}

export type DiskErrorCode = "ERR_DISK_FULL";

/** There is no room for what was to be written to `path`. */
export class DiskError extends LatentlabError<DiskErrorCode> {
  override readonly name = "DiskError";

  constructor(
    code: DiskErrorCode,
    message: string,
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export type TrainingErrorCode = "ERR_LOSS_NOT_FINITE";

/** Training failed at `step`. */
export class TrainingError extends LatentlabError<TrainingErrorCode> {
  override readonly name = "TrainingError";
  readonly step: number;
  /** Where it began: the common beginning of parameters' names, `decoder.up_blocks.1` for example. */
  readonly parameterGroup: string | undefined;
  /** The last state that was in order, where there was one. The model has been put back to it. */
  readonly checkpoint: Checkpoint | undefined;

  constructor(
    code: TrainingErrorCode,
    message: string,
    details: Pick<TrainingError, "step" | "parameterGroup" | "checkpoint">,
  ) {
    super(code, message);
    this.step = details.step;
    this.parameterGroup = details.parameterGroup;
    this.checkpoint = details.checkpoint;
  }
}

export type RunErrorCode =
  /** The folder holds another training, which is not overwritten. */
  | "ERR_RUN_EXISTS"
  /** The folder's training was made with other options or other networks. */
  | "ERR_RUN_MISMATCH"
  /** A checkpoint or a journal that cannot be read. */
  | "ERR_RUN_DAMAGED"
  /** Another training writes to the folder. */
  | "ERR_RUN_IN_USE"
  /** What was asked for is only there while the training goes on. */
  | "ERR_RUN_NOT_ACTIVE";

/** A training's folder that cannot be used, or a run that is not where it has to be. */
export class RunError extends LatentlabError<RunErrorCode> {
  override readonly name = "RunError";

  constructor(
    code: RunErrorCode,
    message: string,
    readonly path?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
