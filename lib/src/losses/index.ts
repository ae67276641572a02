/** What models are trained on: sums over a picture, means over the batch. */
export { absoluteError, charbonnier, type Distortion, squaredError, weightedSum } from "./distortions.js";
export { createRandomFeatures, type FeatureNetwork, type RandomFeatureOptions } from "./feature-network.js";
export { autoencoderObjective, type Objective, type ObjectiveOptions } from "./objective.js";
export { createOutputVariance, type OutputVariance } from "./output-variance.js";
export { perceptualDistance, perceptualDistances } from "./perceptual.js";
export { loadVgg16, type VggFiles } from "./vgg16.js";
