export type { HubOptions } from "./hub/index.js";
export { type LoadedAutoencoderKL, type LoadOptions, loadAutoencoderKL, type Origin } from "./load.js";
export { saveAutoencoderKL } from "./save.js";
