// Tensors that GPU kernels can read 16 bytes at a time: pictures in channels-last memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace latentlab {

/** Numbers in 16 bytes. */
inline int vectorLength(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16 ? 8 : 4; }

/** Whether `x` `[batch, channels, height, width]` on a GPU consists of such pieces once it is channels last. */
inline bool hasVectors(const at::Tensor& x) {
  const bool hasType = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return x.is_cuda() && x.dim() == 4 && x.numel() > 0 && hasType && x.size(1) % vectorLength(x) == 0;
}

/**
 * Channels last, and beginning where 16 bytes can be read at once: a view into another tensor may begin anywhere, and a
 * GPU that reads across such a border does no more work for this process.
 */
inline at::Tensor readableByVectors(const at::Tensor& x) {
  const at::Tensor ordered = x.contiguous(at::MemoryFormat::ChannelsLast);
  const bool isAligned = reinterpret_cast<uintptr_t>(ordered.const_data_ptr()) % 16 == 0;
  return isAligned ? ordered : ordered.clone(at::MemoryFormat::ChannelsLast);
}

}  // namespace latentlab
