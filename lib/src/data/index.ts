/** Pictures to train on and to measure with. */
export type { Augmentation } from "./batches/augment.js";
export {
  type BatchOptions,
  type ImageBatch,
  type ImageBatches,
  imageBatches,
} from "./batches/image-batches.js";
export { type ImageSource, openImageFolder } from "./batches/source.js";
export { allBoards, type Board, holdOutBoards } from "./cards/boards.js";
export { type CardFloorOptions, cardFloor, cardIdentityFloor } from "./cards/floor.js";
export { type CardIdentity, type CardMetrics, cardIdentity, cardMetrics } from "./cards/metrics.js";
export { type CardFault, type ParsedCard, parseCards } from "./cards/parse.js";
export { type CardFactors, type CardOptions, cards, glyphNames } from "./cards.js";
export { cifar10Classes } from "./cifar10/batch.js";
export { type Cifar10Options, cifar10, cifar10Archive } from "./cifar10/cifar10.js";
export type { DownloadOptions, RemoteFile } from "./cifar10/download.js";
export { contactSheet } from "./contact-sheet.js";
export {
  fieldPictures,
  type GaussianField,
  type GaussianFieldOptions,
  gaussianField,
  sampleField,
} from "./gaussian-field/gaussian-field.js";
export {
  type Corruption,
  denoiseField,
  denoisingError,
  velocityVariance,
} from "./gaussian-field/optimal-denoiser.js";
export {
  type LinearVaeDirection,
  type LinearVaeOptimum,
  optimalLinearVae,
} from "./gaussian-field/optimal-vae.js";
export type { BadFile } from "./image-folder/decode-folder.js";
export type { DecodingOptions } from "./image-folder/load-image.js";
export { type FolderImages, type ImageFolderOptions, imageFolder } from "./image-folder.js";
export {
  type FloatArray,
  type ImageSet,
  imageSet,
  type Pictures,
  pictures,
  selectImages,
  splitImages,
  toPictures,
  toTensor,
} from "./image-set.js";
