// Nearest-neighbour upsampling by a whole factor: every pixel becomes a square.
//
// torch's own reads and writes channels-last memory number by number. The kernels here move 16 bytes at a time: an eighth
// of a small convolutional autoencoder's step.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/upsample_nearest2d_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#ifdef WITH_CUDA
#include "aligned.h"
#include "cuda_kernels.h"
#include "upsample.cu.h"
#endif

namespace latentlab {

/** The same of torch's operators: what the CPU runs. Copies need no more digits than they have, as autocast would have it. */
inline at::Tensor composedUpsample(const at::Tensor& x, int64_t factor) {
  const c10::impl::ExcludeDispatchKeyGuard guard(c10::autocast_dispatch_keyset);
  return at::upsample_nearest2d(x, {x.size(2) * factor, x.size(3) * factor});
}

#ifdef WITH_CUDA

/** Runs one of the two kernels. `small` and `large` are channels last, `small` the one that counts. */
inline void launchUpsample(const char* kernel, int64_t factor, const at::Tensor& small, const void* from, void* to) {
  static CudaModule module(upsampleSource);
  constexpr int threads = 256;
  const int vector = vectorLength(small);
  const int64_t count = small.numel() / vector;
  module.launch(kernel,
                {"-DVECTOR=" + std::to_string(vector), "-DFACTOR=" + std::to_string(factor),
                 "-DTHREADS=" + std::to_string(threads)},
                dim3((count + threads - 1) / threads), threads, from, to, count, static_cast<int>(small.size(3)),
                static_cast<int>(small.size(1)));
}

inline at::Tensor emptyPictures(const at::Tensor& like, int64_t height, int64_t width) {
  return at::empty({like.size(0), like.size(1), height, width}, like.options(), at::MemoryFormat::ChannelsLast);
}

struct UpsampleFunction : torch::autograd::Function<UpsampleFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, int64_t factor) {
    const at::Tensor y = emptyPictures(x, x.size(2) * factor, x.size(3) * factor);
    launchUpsample("repeat_pixels", factor, x, x.const_data_ptr(), y.mutable_data_ptr());
    context->saved_data["factor"] = factor;
    context->saved_data["type"] = x.scalar_type();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const int64_t factor = context->saved_data["factor"].toInt();
    const at::Tensor dy = gradients[0].to(context->saved_data["type"].toScalarType());
    const int64_t height = dy.size(2) / factor, width = dy.size(3) / factor;
    // The gradient itself is being recorded (a gradient penalty): it has to be made of operators that know theirs.
    if (at::GradMode::is_enabled()) {
      const at::Tensor dx = at::upsample_nearest2d_backward(dy, {dy.size(2), dy.size(3)},
                                                            {dy.size(0), dy.size(1), height, width});
      return {dx, at::Tensor()};
    }
    const at::Tensor large = readableByVectors(dy);
    const at::Tensor dx = emptyPictures(large, height, width);
    launchUpsample("sum_squares", factor, dx, large.const_data_ptr(), dx.mutable_data_ptr());
    return {dx, at::Tensor()};
  }
};

#endif  // WITH_CUDA

/** `x` `[batch, channels, height, width]`; the result has `x`'s type. */
inline at::Tensor upsampleNearest(const at::Tensor& x, int64_t factor) {
  TORCH_CHECK(x.dim() == 4 && factor > 0, "upsample_nearest: ", x.sizes(), " by ", factor);
#ifdef WITH_CUDA
  if (hasVectors(x)) return UpsampleFunction::apply(readableByVectors(x), factor);
#endif
  return composedUpsample(x, factor);
}

}  // namespace latentlab
