// What GPU kernels read and write at once: 16 bytes, as float32 numbers whatever they are stored as.
//
// Definition: VECTOR = 8 for bfloat16 or 4 for float32.
#pragma once

#include <string>

namespace latentlab {

inline const std::string vectorSource = R"CUDA(
typedef unsigned int uint32;
typedef long long int64;

#if VECTOR == 8
typedef unsigned short Scalar;
__device__ float first(const void* x, int64 index) { return __uint_as_float((uint32)((const Scalar*)x)[index] << 16); }
__device__ void load(const void* x, int64 index, float* values) {
  const uint4 bits = *(const uint4*)((const Scalar*)x + index);
  const uint32 words[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    values[2 * i] = __uint_as_float(words[i] << 16);
    values[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
  }
}
__device__ void store(void* y, int64 index, const float* values) {
  uint32 words[4];
#pragma unroll
  for (int i = 0; i < 4; ++i)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(words[i]) : "f"(values[2 * i + 1]), "f"(values[2 * i]));
  *(uint4*)((Scalar*)y + index) = make_uint4(words[0], words[1], words[2], words[3]);
}
#else
__device__ float first(const void* x, int64 index) { return ((const float*)x)[index]; }
__device__ void load(const void* x, int64 index, float* values) {
  const float4 four = *(const float4*)((const float*)x + index);
  values[0] = four.x; values[1] = four.y; values[2] = four.z; values[3] = four.w;
}
__device__ void store(void* y, int64 index, const float* values) {
  *(float4*)((float*)y + index) = make_float4(values[0], values[1], values[2], values[3]);
}
#endif
)CUDA";

}  // namespace latentlab
