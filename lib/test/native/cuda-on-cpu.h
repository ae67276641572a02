// Runs the GPU kernels' source on the CPU, a thread for each of the GPU's: slow, but on every machine. What it cannot
// show is speed, and errors of memory access that only a GPU punishes.
#pragma once

#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

struct dim3 { int x, y = 1, z = 1; };
inline thread_local dim3 threadIdx{0}, blockIdx{0};
inline dim3 gridDim{1}, blockDim{1};
inline std::barrier<>* blockBarrier;
inline float shuffled[1024];

#define __global__
#define __device__
#define __shared__ static  // one block runs at a time

inline void __syncthreads() { blockBarrier->arrive_and_wait(); }
inline float __shfl_xor_sync(unsigned, float value, int distance) {
  shuffled[threadIdx.x] = value;
  __syncthreads();
  const float other = shuffled[threadIdx.x ^ distance];
  __syncthreads();
  return other;
}

struct uint4 { unsigned x, y, z, w; };
struct float4 { float x, y, z, w; };
struct float2 { float x, y; };
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float __uint_as_float(unsigned bits) { float value; std::memcpy(&value, &bits, 4); return value; }
inline unsigned __float_as_uint(float value) { unsigned bits; std::memcpy(&bits, &value, 4); return bits; }
inline float __expf(float x) { return std::exp(x); }
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t{a} * b) >> 32); }
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = static_cast<float>(std::sin(M_PI * x));
  *cosine = static_cast<float>(std::cos(M_PI * x));
}

/** PTX's cvt.rn.bf16x2.f32: two floats rounded to the nearest bfloat16, ties to even, in one word. */
inline unsigned packBfloat16(float high, float low) {
  const auto round = [](float value) {
    const unsigned bits = __float_as_uint(value);
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  };
  return round(high) << 16 | round(low);
}

inline void launch(dim3 grid, int threads, const std::function<void()>& kernel) {
  gridDim = grid;
  blockDim = {threads};
  for (int y = 0; y < grid.y; ++y) {
    for (int x = 0; x < grid.x; ++x) {
      std::barrier<> barrier(threads);
      blockBarrier = &barrier;
      std::vector<std::thread> block;
      for (int thread = 0; thread < threads; ++thread) {
        block.emplace_back([&, thread] {
          threadIdx = {thread};
          blockIdx = {x, y};
          kernel();
          barrier.arrive_and_drop();
        });
      }
      for (std::thread& thread : block) thread.join();
    }
  }
}

template <class Item>
std::vector<Item> readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Item> items(bytes.size() / sizeof(Item));
  std::memcpy(items.data(), bytes.data(), bytes.size());
  return items;
}

template <class Item>
void writeFile(const std::string& path, const std::vector<Item>& items) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item));
}
