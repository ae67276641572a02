import { registerConvolutionGradients } from "./convolution.js";
import { registerCumsumGradient } from "./cumsum.js";
import { registerDepthToSpaceGradient } from "./depth-to-space.js";
import { registerEinsumGradient } from "./einsum.js";
import { registerReductionGradients } from "./reductions.js";
import { registerReluGradient } from "./relu.js";
import { registerSecondOrderGradients } from "./second-order.js";
import { repairTapeOrder } from "./tape-order.js";

/** Gradients that TensorFlow.js lacks, or has in a slow or wrong form; made of its operations, so that they hold on any engine. */
export function registerGradients(): void {
  registerConvolutionGradients();
  registerCumsumGradient();
  registerDepthToSpaceGradient();
  registerEinsumGradient();
  registerReductionGradients();
  registerReluGradient();
  registerSecondOrderGradients();
  repairTapeOrder();
}
