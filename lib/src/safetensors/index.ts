export { syncFolder, writeAtomically } from "./atomic-file.js";
export type { Dtype } from "./dtypes.js";
export type { SafetensorsHeader, TensorEntry } from "./header.js";
export { openSafetensors, type TensorSource } from "./read.js";
export { openShardedSafetensors } from "./sharded.js";
export type { FloatDtype, TensorData } from "./typed-arrays.js";
export { floatTensor, type TensorToWrite, writeSafetensors } from "./write.js";
