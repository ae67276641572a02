// Source of the GPU's random numbers, compiled when they are first asked for. Same formulas as in philox.h.
#pragma once

namespace latentlab {

constexpr const char* philoxSource = R"CUDA(
typedef unsigned int uint32;
typedef unsigned long long uint64;

__device__ uint4 philox(uint64 seed, uint64 position) {
  uint4 counter = make_uint4((uint32)position, (uint32)(position >> 32), 0, 0);
  uint32 keyLow = (uint32)seed, keyHigh = (uint32)(seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32 firstHigh = __umulhi(0xD2511F53u, counter.x), firstLow = 0xD2511F53u * counter.x;
    const uint32 secondHigh = __umulhi(0xCD9E8D57u, counter.z), secondLow = 0xCD9E8D57u * counter.z;
    counter = make_uint4(secondHigh ^ counter.y ^ keyLow, secondLow, firstHigh ^ counter.w ^ keyHigh, firstLow);
    keyLow += 0x9E3779B9u;
    keyHigh += 0xBB67AE85u;
  }
  return counter;
}

__device__ float toUniform(uint32 bits) { return (float)(bits >> 8) * 0x1p-24f; }

// The radius in double: near 1 the difference 1 - u has few bits, and log1p of a float is off by more than rounding.
__device__ float2 boxMuller(float first, float second) {
  const float radius = (float)sqrt(-2.0 * log(1.0 - (double)first));
  float sine, cosine;
  sincospif(2.0f * second, &sine, &cosine);
  return make_float2(radius * cosine, radius * sine);
}

template <class Transform>
__device__ void fill(const long long* position, long long seed, float* out, long long count, Transform transform) {
  const long long block = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (4 * block >= count) return;
  float values[4];
  transform(philox((uint64)seed, (uint64)(*position + block)), values);
  for (int i = 0; i < 4; ++i)
    if (4 * block + i < count) out[4 * block + i] = values[i];
}

extern "C" __global__ void fill_uniform(const long long* position, long long seed, float* out, long long count) {
  fill(position, seed, out, count, [](uint4 bits, float* values) {
    values[0] = toUniform(bits.x); values[1] = toUniform(bits.y);
    values[2] = toUniform(bits.z); values[3] = toUniform(bits.w);
  });
}

extern "C" __global__ void fill_normal(const long long* position, long long seed, float* out, long long count) {
  fill(position, seed, out, count, [](uint4 bits, float* values) {
    const float2 first = boxMuller(toUniform(bits.x), toUniform(bits.y));
    const float2 second = boxMuller(toUniform(bits.z), toUniform(bits.w));
    values[0] = first.x; values[1] = first.y; values[2] = second.x; values[3] = second.y;
  });
}
)CUDA";

}  // namespace latentlab
