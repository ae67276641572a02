// GPU kernels of the group normalisation, compiled when they are first needed.
//
// Memory is [batch, positions, channels]. A block of THREADS threads works on one chunk of one picture's positions. A
// thread keeps to the same VECTOR channels (16 bytes) and strides over positions, so what belongs to channels sits in
// its registers. Sums go through shared memory in a fixed order: the same input gives the same bits every time.
//
// Definitions: VECTOR = 8 for bfloat16 or 4 for float32, SILU = 0 or 1, THREADS.
#pragma once

#include "vectors.cu.h"

namespace latentlab {

inline const std::string groupNormSource = vectorSource + R"CUDA(
// Where a thread works: its first channel, its row among the block's rows, and its share of the positions.
struct Place {
  int channel, row, rows;
  int64 begin, end, base;
  bool active;
  __device__ Place(int64 positions, int64 positionsPerChunk, int channels) {
    const int vectors = channels / VECTOR;
    rows = THREADS / vectors;
    row = threadIdx.x / vectors;
    channel = (threadIdx.x % vectors) * VECTOR;
    active = row < rows;
    begin = blockIdx.x * positionsPerChunk;
    end = begin + positionsPerChunk < positions ? begin + positionsPerChunk : positions;
    base = blockIdx.y * positions * channels + channel;
  }
};

__device__ float sigmoid(float z) { return 1.0f / (1.0f + __expf(-z)); }

// Rows of the same channels become one: afterwards sums[c] holds channel c's, in the order of the rows.
__device__ void addRows(float* sums, const float* values, const Place& place, int channels) {
  if (place.active)
    for (int i = 0; i < VECTOR; ++i) sums[place.row * channels + place.channel + i] = values[i];
  __syncthreads();
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    float total = 0;
    for (int row = 0; row < place.rows; ++row) total += sums[row * channels + c];
    sums[c] = total;
  }
  __syncthreads();
}

// Sums of x and x^2 over a chunk, for each group. Both are taken of x - shift, with one value of the group as the
// shift: E[x^2] - E[x]^2 of the plain values loses all digits where the mean is large against the spread.
extern "C" __global__ void sum_groups(const void* x, float* partial, int64 positions, int64 positionsPerChunk,
                                      int channels, int groups) {
  __shared__ float sums[THREADS * VECTOR];
  const Place place(positions, positionsPerChunk, channels);
  const int channelsPerGroup = channels / groups;
  float shift[VECTOR], sum[VECTOR] = {}, square[VECTOR] = {};
  if (place.active) {
    for (int i = 0; i < VECTOR; ++i)
      shift[i] = first(x, blockIdx.y * positions * channels +
                              (place.channel + i) / channelsPerGroup * channelsPerGroup);
#pragma unroll 4
    for (int64 p = place.begin + place.row; p < place.end; p += place.rows) {
      float values[VECTOR];
      load(x, place.base + p * channels, values);
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) {
        const float centred = values[i] - shift[i];
        sum[i] += centred;
        square[i] += centred * centred;
      }
    }
  }
  float* out = partial + ((int64)blockIdx.y * gridDim.x + blockIdx.x) * groups * 2;
  for (int moment = 0; moment < 2; ++moment) {
    addRows(sums, moment == 0 ? sum : square, place, channels);
    for (int group = threadIdx.x; group < groups; group += THREADS) {
      float total = 0;
      for (int c = 0; c < channelsPerGroup; ++c) total += sums[group * channelsPerGroup + c];
      out[2 * group + moment] = total;
    }
    __syncthreads();
  }
}

// One warp a group: the chunks' sums become mean and inverse standard deviation.
extern "C" __global__ void finish_moments(const void* x, const float* partial, float* moments, int64 positions,
                                          int chunks, int channels, int groups, float eps) {
  const int group = blockIdx.x * (THREADS / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (group >= groups) return;
  const int batch = blockIdx.y, channelsPerGroup = channels / groups;
  float sum = 0, square = 0;
  for (int chunk = lane; chunk < chunks; chunk += 32) {
    const float* pair = partial + (((int64)batch * chunks + chunk) * groups + group) * 2;
    sum += pair[0];
    square += pair[1];
  }
  for (int distance = 16; distance > 0; distance /= 2) {
    sum += __shfl_xor_sync(0xffffffffu, sum, distance);
    square += __shfl_xor_sync(0xffffffffu, square, distance);
  }
  if (lane != 0) return;
  const float count = (float)(positions * channelsPerGroup);
  const float mean = sum / count;
  const float variance = fmaxf(square / count - mean * mean, 0.0f);
  const float shift = first(x, (int64)batch * positions * channels + group * channelsPerGroup);
  moments[(batch * groups + group) * 2] = mean + shift;
  moments[(batch * groups + group) * 2 + 1] = rsqrtf(variance + eps);
}

// y = x * scale + offset, of each channel.
struct Affine {
  float scale[VECTOR], offset[VECTOR];
  __device__ Affine(const float* moments, const float* weight, const float* bias, const Place& place, int channels,
                    int groups) {
    const int channelsPerGroup = channels / groups;
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
      const int channel = place.channel + i;
      const float* pair = moments + ((int64)blockIdx.y * groups + channel / channelsPerGroup) * 2;
      scale[i] = pair[1] * weight[channel];
      offset[i] = bias[channel] - pair[0] * scale[i];
    }
  }
};

extern "C" __global__ void normalise(const void* x, const float* moments, const float* weight, const float* bias,
                                     void* y, int64 positions, int64 positionsPerChunk, int channels, int groups) {
  const Place place(positions, positionsPerChunk, channels);
  if (!place.active) return;
  const Affine affine(moments, weight, bias, place, channels, groups);
#pragma unroll 4
  for (int64 p = place.begin + place.row; p < place.end; p += place.rows) {
    float values[VECTOR];
    load(x, place.base + p * channels, values);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
      const float z = values[i] * affine.scale[i] + affine.offset[i];
      values[i] = SILU ? z * sigmoid(z) : z;
    }
    store(y, place.base + p * channels, values);
  }
}

// The gradient before the activation: dz = dy * silu'(z), with silu'(z) = s (1 + z (1 - s)) and s = sigmoid(z).
__device__ float throughActivation(float dy, float z) {
  if (!SILU) return dy;
  const float gate = sigmoid(z);
  return dy * gate * (1.0f + z * (1.0f - gate));
}

// Sums of dz and dz * normalised over a chunk, for each channel.
extern "C" __global__ void sum_gradients(const void* dy, const void* x, const float* moments, const float* weight,
                                         const float* bias, float* partial, int64 positions,
                                         int64 positionsPerChunk, int channels, int groups) {
  __shared__ float sums[THREADS * VECTOR];
  const Place place(positions, positionsPerChunk, channels);
  float sum[VECTOR] = {}, correlation[VECTOR] = {};
  if (place.active) {
    const Affine affine(moments, weight, bias, place, channels, groups);
    float mean[VECTOR], inverseStd[VECTOR];
    for (int i = 0; i < VECTOR; ++i) {
      const float* pair = moments + ((int64)blockIdx.y * groups + (place.channel + i) / (channels / groups)) * 2;
      mean[i] = pair[0];
      inverseStd[i] = pair[1];
    }
#pragma unroll 2
    for (int64 p = place.begin + place.row; p < place.end; p += place.rows) {
      float values[VECTOR], gradient[VECTOR];
      load(x, place.base + p * channels, values);
      load(dy, place.base + p * channels, gradient);
#pragma unroll
      for (int i = 0; i < VECTOR; ++i) {
        const float dz = throughActivation(gradient[i], values[i] * affine.scale[i] + affine.offset[i]);
        sum[i] += dz;
        correlation[i] += dz * (values[i] - mean[i]);
      }
    }
    for (int i = 0; i < VECTOR; ++i) correlation[i] *= inverseStd[i];
  }
  float* out = partial + ((int64)blockIdx.y * gridDim.x + blockIdx.x) * channels * 2;
  for (int moment = 0; moment < 2; ++moment) {
    addRows(sums, moment == 0 ? sum : correlation, place, channels);
    for (int c = threadIdx.x; c < channels; c += THREADS) out[2 * c + moment] = sums[c];
    __syncthreads();
  }
}

// Adds the chunks: [batch, chunks, width] to [batch, width]; a block takes 32 columns, its warps share the chunks.
extern "C" __global__ void finish_sums(const float* partial, float* sums, int chunks, int width) {
  __shared__ float shared[THREADS];
  const int column = blockIdx.x * 32 + threadIdx.x % 32, warp = threadIdx.x / 32;
  float total = 0;
  if (column < width)
    for (int chunk = warp; chunk < chunks; chunk += THREADS / 32)
      total += partial[((int64)blockIdx.y * chunks + chunk) * width + column];
  shared[threadIdx.x] = total;
  __syncthreads();
  if (warp != 0 || column >= width) return;
  for (int other = 1; other < THREADS / 32; ++other) total += shared[other * 32 + threadIdx.x];
  sums[(int64)blockIdx.y * width + column] = total;
}

// dx = inverseStd * (g - mean(g) - normalised * mean(g * normalised)) with g = dz * weight, means over the group:
// linear in dz and x, with coefficients of each channel.
extern "C" __global__ void input_gradient(const void* dy, const void* x, const float* moments, const float* weight,
                                          const float* bias, const float* sums, void* dx, int64 positions,
                                          int64 positionsPerChunk, int channels, int groups) {
  const Place place(positions, positionsPerChunk, channels);
  if (!place.active) return;
  const Affine affine(moments, weight, bias, place, channels, groups);
  const int channelsPerGroup = channels / groups;
  const float count = (float)(positions * channelsPerGroup);
  float ofX[VECTOR], constant[VECTOR];
  for (int i = 0; i < VECTOR; ++i) {
    const int group = (place.channel + i) / channelsPerGroup;
    const float* pair = moments + ((int64)blockIdx.y * groups + group) * 2;
    float meanGradient = 0, meanCorrelation = 0;
    for (int c = group * channelsPerGroup; c < (group + 1) * channelsPerGroup; ++c) {
      const float* channelSums = sums + ((int64)blockIdx.y * channels + c) * 2;
      meanGradient += channelSums[0] * weight[c];
      meanCorrelation += channelSums[1] * weight[c];
    }
    meanGradient /= count;
    meanCorrelation /= count;
    ofX[i] = -pair[1] * pair[1] * meanCorrelation;
    constant[i] = -pair[1] * meanGradient - ofX[i] * pair[0];
  }
#pragma unroll 2
  for (int64 p = place.begin + place.row; p < place.end; p += place.rows) {
    float values[VECTOR], gradient[VECTOR];
    load(x, place.base + p * channels, values);
    load(dy, place.base + p * channels, gradient);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) {
      const float dz = throughActivation(gradient[i], values[i] * affine.scale[i] + affine.offset[i]);
      gradient[i] = affine.scale[i] * dz + ofX[i] * values[i] + constant[i];
    }
    store(dx, place.base + p * channels, gradient);
  }
}
)CUDA";

}  // namespace latentlab
