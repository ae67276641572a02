/** What executes the TensorFlow.js operations. One folder an engine; `index.ts` chooses. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Loads the engine and registers it as the TensorFlow.js backend of the same name.
   *
   * @throws EngineError with code `ERR_ENGINE_UNAVAILABLE` and a `fix` where something is missing
   */
  start(): Promise<EngineDetails>;
}

export type EngineName = "tensorflow" | "wasm";

export interface EngineDetails {
  /** Version of the library that runs the operations. */
  version: string;
  /** What it runs on, in words. */
  device: string;
}

export interface EngineDescription extends EngineDetails {
  name: EngineName;
  /** Faster engines that were tried first and could not start, with the command that fixes it. */
  notUsed: { name: EngineName; reason: string; fix: string | undefined }[];
}
