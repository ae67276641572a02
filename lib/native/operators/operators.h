// The project's own operators, in torch's registry beside `aten::`: reached by name through the same boxed call.
#pragma once

#include <torch/library.h>

#include "group_norm.h"
#include "philox.h"
#include "upsample.h"

TORCH_LIBRARY(latentlab, library) {
  library.def(
      "group_norm(Tensor x, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor",
      latentlab::groupNorm);
  library.def("upsample_nearest(Tensor x, int factor) -> Tensor", latentlab::upsampleNearest);
  library.def("philox_normal(Tensor(a!) counter, int seed, int[] size) -> Tensor", latentlab::philoxNormal);
  library.def("philox_uniform(Tensor(a!) counter, int seed, int[] size) -> Tensor", latentlab::philoxUniform);
}
