// GPU kernels of nearest-neighbour upsampling by a whole factor, compiled when they are first needed.
//
// Memory is [rows, width, channels], with the rows of all pictures one below the other. A thread does 16 bytes of one
// pixel of the small picture.
//
// Definitions: VECTOR as in vectors.cu.h, FACTOR, THREADS.
#pragma once

#include "vectors.cu.h"

namespace latentlab {

inline const std::string upsampleSource = vectorSource + R"CUDA(
// Where in the large picture the square of a small picture's pixel begins, and in it the next row.
struct Square {
  int64 begin, row;
  __device__ Square(int64 index, int width, int channels) {
    const int vectors = channels / VECTOR;
    const int64 pixel = index / vectors;
    row = (int64)width * FACTOR * channels;
    begin = pixel / width * FACTOR * row + pixel % width * FACTOR * channels + index % vectors * VECTOR;
  }
};

extern "C" __global__ void repeat_pixels(const void* x, void* y, int64 count, int width, int channels) {
  const int64 index = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (index >= count) return;
  const Square square(index, width, channels);
  const uint4 bits = ((const uint4*)x)[index];
#pragma unroll
  for (int row = 0; row < FACTOR; ++row)
#pragma unroll
    for (int column = 0; column < FACTOR; ++column)
      ((uint4*)y)[(square.begin + row * square.row + column * channels) / VECTOR] = bits;
}

extern "C" __global__ void sum_squares(const void* dy, void* dx, int64 count, int width, int channels) {
  const int64 index = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (index >= count) return;
  const Square square(index, width, channels);
  float sum[VECTOR] = {};
#pragma unroll
  for (int row = 0; row < FACTOR; ++row)
#pragma unroll
    for (int column = 0; column < FACTOR; ++column) {
      float values[VECTOR];
      load(dy, square.begin + row * square.row + column * channels, values);
      for (int i = 0; i < VECTOR; ++i) sum[i] += values[i];
    }
  store(dx, index * VECTOR, sum);
}
)CUDA";

}  // namespace latentlab
