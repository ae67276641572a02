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

export type EngineErrorCode = "ERR_ENGINE_UNKNOWN" | "ERR_ENGINE_UNAVAILABLE" | "ERR_ENGINE_NOT_IN_USE";

/** A tensor engine cannot be had. `fix` is the command that helps, where there is one. */
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
  | "ERR_INDEX_OUT_OF_RANGE"
  | "ERR_NOT_FINITE"
  | "ERR_SHAPE_MISMATCH";

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

export type ConfigErrorCode = "ERR_OPTION_OUT_OF_RANGE";

/** A function was asked for something that cannot be built or run: the sentence names the option. */
export class ConfigError extends LatentlabError<ConfigErrorCode> {
  override readonly name = "ConfigError";
}

export type TrainingErrorCode = "ERR_LOSS_NOT_FINITE";

/** Training failed at `step`. */
export class TrainingError extends LatentlabError<TrainingErrorCode> {
  override readonly name = "TrainingError";

  constructor(
    code: TrainingErrorCode,
    message: string,
    readonly step: number,
  ) {
    super(code, message);
  }
}
