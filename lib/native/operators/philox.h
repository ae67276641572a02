// Counter-based random numbers (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Philox4x32-10).
// Each block of four numbers is a pure function of seed and position: the same on every device and engine, and a
// replayed CUDA graph goes on where the last replay ended, because the position lives in a tensor.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/Parallel.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>
#include <cstdint>

#ifdef WITH_CUDA
#include "cuda_kernels.h"
#include "philox.cu.h"
#endif

namespace latentlab {

using PhiloxBlock = std::array<uint32_t, 4>;

inline PhiloxBlock philox(uint64_t seed, uint64_t position) {
  PhiloxBlock counter{static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), 0, 0};
  uint32_t keyLow = static_cast<uint32_t>(seed), keyHigh = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * counter[0];
    const uint64_t second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(second >> 32) ^ counter[1] ^ keyLow, static_cast<uint32_t>(second),
               static_cast<uint32_t>(first >> 32) ^ counter[3] ^ keyHigh, static_cast<uint32_t>(first)};
    keyLow += 0x9E3779B9;
    keyHigh += 0xBB67AE85;
  }
  return counter;
}

/** The upper 24 bits as a number in [0, 1): all that a float32 can hold evenly. */
inline double toUniform(uint32_t bits) { return static_cast<double>(bits >> 8) * 0x1p-24; }

/** Two uniform numbers make two independent normal ones (Box and Muller 1958). */
inline void boxMuller(double first, double second, float* out) {
  const double radius = std::sqrt(-2 * std::log(1 - first));
  const double angle = 2 * M_PI * second;
  out[0] = static_cast<float>(radius * std::cos(angle));
  out[1] = static_cast<float>(radius * std::sin(angle));
}

inline void fillOnCpu(at::Tensor& result, uint64_t seed, uint64_t position, bool normal) {
  float* out = result.data_ptr<float>();
  const int64_t count = result.numel();
  at::parallel_for(0, (count + 3) / 4, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const PhiloxBlock bits = philox(seed, position + block);
      float values[4];
      if (normal) {
        boxMuller(toUniform(bits[0]), toUniform(bits[1]), values);
        boxMuller(toUniform(bits[2]), toUniform(bits[3]), values + 2);
      } else {
        for (int i = 0; i < 4; ++i) values[i] = static_cast<float>(toUniform(bits[i]));
      }
      for (int64_t i = 0; i < 4 && 4 * block + i < count; ++i) out[4 * block + i] = values[i];
    }
  });
}

inline at::Tensor fillRandom(at::Tensor& counter, int64_t seed, at::IntArrayRef size, bool normal) {
  TORCH_CHECK(counter.scalar_type() == at::kLong && counter.numel() == 1, "counter has to be one int64 number");
  at::Tensor result = at::empty(size, counter.options().dtype(at::kFloat));
  const int64_t count = result.numel();
  const int64_t blocks = (count + 3) / 4;
  if (counter.is_cuda()) {
#ifdef WITH_CUDA
    if (count > 0) {
      static CudaModule module(philoxSource);
      const int64_t* position = counter.data_ptr<int64_t>();
      float* out = result.data_ptr<float>();
      module.launch(normal ? "fill_normal" : "fill_uniform", {}, (blocks + 255) / 256, 256, position, seed, out, count);
    }
#endif
  } else {
    fillOnCpu(result, static_cast<uint64_t>(seed), static_cast<uint64_t>(*counter.data_ptr<int64_t>()), normal);
  }
  counter.add_(blocks);
  return result;
}

inline at::Tensor philoxNormal(at::Tensor counter, int64_t seed, at::IntArrayRef size) {
  return fillRandom(counter, seed, size, true);
}

inline at::Tensor philoxUniform(at::Tensor counter, int64_t seed, at::IntArrayRef size) {
  return fillRandom(counter, seed, size, false);
}

}  // namespace latentlab
