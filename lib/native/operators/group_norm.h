// Group normalisation (Wu and He 2018, arXiv:1803.08494) with SiLU on top where asked for.
//
// torch's own wants contiguous float32 pictures on a GPU: with channels-last bfloat16 activations every call converts
// type and layout back and forth. The kernels here read and write channels-last memory of either type.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "group_norm_cpu.h"
#ifdef WITH_CUDA
#include "aligned.h"
#include "cuda_kernels.h"
#include "group_norm.cu.h"
#endif

namespace latentlab {

/** The same of torch's operators: what the CPU runs, and what can be differentiated any number of times. */
inline at::Tensor composedGroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                                    const at::Tensor& bias, double eps, bool silu) {
  // torch's on a GPU takes one type alone; the CPU's reads bfloat16 with float32 parameters.
  const bool isMixed = x.is_cuda() && x.scalar_type() != weight.scalar_type();
  const at::Tensor input = isMixed ? x.to(weight.scalar_type()) : x;
  const at::Tensor normalised = at::group_norm(input, groups, weight, bias, eps);
  const at::Tensor activated = silu ? at::silu(normalised) : normalised;
  return isMixed ? activated.to(x.scalar_type()) : activated;
}

#ifdef WITH_CUDA

/** How one picture's positions are dealt out to blocks of threads. */
struct GroupNormGrid {
  static constexpr int threads = 256;
  static constexpr int64_t largestBatch = 65535;  // blocks that CUDA starts along a grid's second axis
  int64_t batch, positions, channels, chunks, positionsPerChunk;
  int vector;  // channels a thread reads at once: 16 bytes

  explicit GroupNormGrid(const at::Tensor& x) : batch(x.size(0)), positions(x.size(2) * x.size(3)), channels(x.size(1)) {
    vector = vectorLength(x);
    const int64_t rows = threads * vector / channels;
    // Enough blocks to fill the GPU a few times over, but each with enough rows to be worth its reduction.
    const int64_t wanted = std::max<int64_t>(1, 2048 / batch);
    chunks = std::max<int64_t>(1, std::min(wanted, positions / (rows * 8)));
    positionsPerChunk = (positions + chunks - 1) / chunks;
    chunks = (positions + positionsPerChunk - 1) / positionsPerChunk;
  }

  static bool suits(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const bool areFloats = weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat;
    return hasVectors(x) && areFloats && x.size(1) <= threads * vectorLength(x) && x.size(0) <= largestBatch;
  }

  std::vector<std::string> definitions(bool silu) const {
    return {"-DVECTOR=" + std::to_string(vector), "-DSILU=" + std::to_string(silu),
            "-DTHREADS=" + std::to_string(threads)};
  }
  dim3 chunkGrid() const { return dim3(chunks, batch); }
};

inline CudaModule& groupNormModule() {
  static CudaModule module(groupNormSource);
  return module;
}

/** Output, and the mean and inverse standard deviation of each group, `[batch, groups, 2]`. */
inline std::tuple<at::Tensor, at::Tensor> groupNormForward(const at::Tensor& x, int64_t groups,
                                                           const at::Tensor& weight, const at::Tensor& bias, float eps,
                                                           bool silu) {
  const GroupNormGrid grid(x);
  const auto floats = x.options().dtype(at::kFloat);
  const at::Tensor partial = at::empty({grid.batch, grid.chunks, groups, 2}, floats);
  const at::Tensor moments = at::empty({grid.batch, groups, 2}, floats);
  const at::Tensor y = at::empty_like(x);
  const auto definitions = grid.definitions(silu);
  CudaModule& module = groupNormModule();
  module.launch("sum_groups", definitions, grid.chunkGrid(), grid.threads, x.const_data_ptr(),
                partial.data_ptr<float>(), grid.positions, grid.positionsPerChunk, static_cast<int>(grid.channels),
                static_cast<int>(groups));
  module.launch("finish_moments", definitions, dim3((groups + 7) / 8, grid.batch), grid.threads, x.const_data_ptr(),
                partial.const_data_ptr<float>(), moments.data_ptr<float>(), grid.positions,
                static_cast<int>(grid.chunks), static_cast<int>(grid.channels), static_cast<int>(groups), eps);
  module.launch("normalise", definitions, grid.chunkGrid(), grid.threads, x.const_data_ptr(),
                moments.const_data_ptr<float>(), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                y.mutable_data_ptr(), grid.positions, grid.positionsPerChunk, static_cast<int>(grid.channels),
                static_cast<int>(groups));
  return {y, moments};
}

/** Gradients of input, weight and bias. */
inline std::tuple<at::Tensor, at::Tensor, at::Tensor> groupNormBackward(const at::Tensor& dy, const at::Tensor& x,
                                                                        const at::Tensor& moments, int64_t groups,
                                                                        const at::Tensor& weight,
                                                                        const at::Tensor& bias, bool silu) {
  const GroupNormGrid grid(x);
  const auto floats = x.options().dtype(at::kFloat);
  const at::Tensor partial = at::empty({grid.batch, grid.chunks, grid.channels, 2}, floats);
  const at::Tensor sums = at::empty({grid.batch, grid.channels, 2}, floats);
  const at::Tensor dx = at::empty_like(x);
  const auto definitions = grid.definitions(silu);
  CudaModule& module = groupNormModule();
  module.launch("sum_gradients", definitions, grid.chunkGrid(), grid.threads, dy.const_data_ptr(), x.const_data_ptr(),
                moments.const_data_ptr<float>(), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                partial.data_ptr<float>(), grid.positions, grid.positionsPerChunk, static_cast<int>(grid.channels),
                static_cast<int>(groups));
  module.launch("finish_sums", definitions, dim3((2 * grid.channels + 31) / 32, grid.batch), grid.threads,
                partial.const_data_ptr<float>(), sums.data_ptr<float>(), static_cast<int>(grid.chunks),
                static_cast<int>(2 * grid.channels));
  module.launch("input_gradient", definitions, grid.chunkGrid(), grid.threads, dy.const_data_ptr(),
                x.const_data_ptr(), moments.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                bias.const_data_ptr<float>(), sums.const_data_ptr<float>(), dx.mutable_data_ptr(), grid.positions,
                grid.positionsPerChunk, static_cast<int>(grid.channels), static_cast<int>(groups));
  const at::Tensor ofParameters = sums.sum(0);
  return {dx, ofParameters.select(1, 1), ofParameters.select(1, 0)};
}

struct GroupNormFunction : torch::autograd::Function<GroupNormFunction> {
  /** The tensors are in the order in memory that the kernels read: were they put into it here, their history would end. */
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, int64_t groups,
                            const at::Tensor& weight, const at::Tensor& bias, double eps, bool silu) {
    auto [y, moments] = groupNormForward(x, groups, weight, bias, static_cast<float>(eps), silu);
    context->save_for_backward({x, weight, bias});
    context->saved_data["moments"] = moments;
    context->saved_data["groups"] = groups;
    context->saved_data["eps"] = eps;
    context->saved_data["silu"] = silu;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const int64_t groups = context->saved_data["groups"].toInt();
    const bool silu = context->saved_data["silu"].toBool();
    at::Tensor dx, dWeight, dBias;
    if (at::GradMode::is_enabled()) {
      // The gradient itself is being recorded (a gradient penalty): it has to be made of operators that know theirs.
      const at::Tensor y =
          composedGroupNorm(x, groups, weight, bias, context->saved_data["eps"].toDouble(), silu);
      // torch refuses to differentiate with respect to a constant.
      torch::autograd::variable_list inputs;
      std::vector<at::Tensor*> results;
      const auto want = [&](const at::Tensor& input, at::Tensor& result) {
        if (!input.requires_grad()) return;
        inputs.push_back(input);
        results.push_back(&result);
      };
      want(x, dx), want(weight, dWeight), want(bias, dBias);
      const auto recorded = torch::autograd::grad({y}, inputs, {gradients[0]}, true, true);
      for (size_t i = 0; i < recorded.size(); i++) *results[i] = recorded[i];
    } else {
      const at::Tensor dy = readableByVectors(gradients[0].to(x.scalar_type()));
      std::tie(dx, dWeight, dBias) =
          groupNormBackward(dy, x, context->saved_data["moments"].toTensor(), groups, weight, bias, silu);
    }
    return {dx, at::Tensor(), dWeight, dBias, at::Tensor(), at::Tensor()};
  }
};

#endif  // WITH_CUDA

/** `x` `[batch, channels, height, width]`, `weight` and `bias` `[channels]`; the result has `x`'s type. */
inline at::Tensor groupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                            double eps, bool silu) {
  TORCH_CHECK(x.dim() >= 2 && groups > 0 && x.size(1) % groups == 0, "group_norm: ", groups,
              " groups do not divide the channels of ", x.sizes());
  TORCH_CHECK(weight.numel() == x.size(1) && bias.numel() == x.size(1), "group_norm: weight ", weight.sizes(),
              " and bias ", bias.sizes(), " do not fit the channels of ", x.sizes());
#ifdef WITH_CUDA
  if (GroupNormGrid::suits(x, weight, bias))
    return GroupNormFunction::apply(readableByVectors(x), groups, weight.contiguous(), bias.contiguous(), eps, silu);
#endif
  if (isForCpu(x, weight, bias)) return groupNormOnCpu(x, groups, weight, bias, eps, silu);
  return composedGroupNorm(x, groups, weight, bias, eps, silu);
}

}  // namespace latentlab
