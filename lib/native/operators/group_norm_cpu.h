// Group normalisation of channels-last pictures on the CPU, where nothing is to be differentiated.
//
// torch's own takes the variance of such pictures as E[x^2] - E[x]^2, which loses all digits where the mean is large
// against the spread; and a detour by its other order in memory copies every picture twice.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace latentlab {

/** One picture's pixels, channels last, in chunks of positions that threads take by turns. */
struct PictureRows {
  static constexpr int64_t positionsPerChunk = 64;
  const float* values;
  int64_t positions, channels;

  int64_t chunks() const { return (positions + positionsPerChunk - 1) / positionsPerChunk; }

  /** Calls `work(chunk, row, place)` for every position: the chunk's number, the pixels, and where they begin. */
  template <typename Work>
  void forEach(const Work& work) const {
    at::parallel_for(0, chunks(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; chunk++) {
        const int64_t last = std::min(positions, (chunk + 1) * positionsPerChunk);
        for (int64_t position = chunk * positionsPerChunk; position < last; position++)
          work(chunk, values + position * channels, position * channels);
      }
    });
  }

  /** Means over each group's channels of `value(pixel, channel)`, in doubles; the same for any number of threads. */
  template <typename Value>
  std::vector<double> groupMeans(int64_t groups, const Value& value) const {
    std::vector<double> sums(chunks() * channels);
    forEach([&](int64_t chunk, const float* row, int64_t) {
      double* sum = sums.data() + chunk * channels;
      for (int64_t channel = 0; channel < channels; channel++) sum[channel] += value(row[channel], channel);
    });
    std::vector<double> means(groups);
    const int64_t perGroup = channels / groups;
    for (size_t place = 0; place < sums.size(); place++) means[place % channels / perGroup] += sums[place];
    for (double& mean : means) mean /= static_cast<double>(positions * perGroup);
    return means;
  }
};

inline bool isForCpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool areFloats = x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat;
  return x.is_cpu() && x.dim() == 4 && areFloats && !at::GradMode::is_enabled();
}

/** `x` `[batch, channels, height, width]`, of any order in memory; the result is channels-last. */
inline at::Tensor groupNormOnCpu(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                                 double eps, bool silu) {
  const at::Tensor input = x.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor gains = weight.contiguous(), offsets = bias.contiguous();
  at::Tensor y = at::empty_like(input);
  const int64_t channels = x.size(1), positions = x.size(2) * x.size(3), perGroup = channels / groups;
  const float *gain = gains.const_data_ptr<float>(), *offset = offsets.const_data_ptr<float>();
  std::vector<float> mean(channels), scale(channels);
  for (int64_t picture = 0; picture < x.size(0); picture++) {
    const int64_t start = picture * positions * channels;
    const PictureRows rows{input.const_data_ptr<float>() + start, positions, channels};
    const auto means = rows.groupMeans(groups, [](float pixel, int64_t) { return static_cast<double>(pixel); });
    for (int64_t channel = 0; channel < channels; channel++) mean[channel] = static_cast<float>(means[channel / perGroup]);
    const auto variances = rows.groupMeans(groups, [&](float pixel, int64_t channel) {
      const double centred = pixel - mean[channel];
      return centred * centred;
    });
    for (int64_t channel = 0; channel < channels; channel++)
      scale[channel] = static_cast<float>(gain[channel] / std::sqrt(variances[channel / perGroup] + eps));
    float* out = y.mutable_data_ptr<float>() + start;
    rows.forEach([&](int64_t, const float* row, int64_t place) {
      for (int64_t channel = 0; channel < channels; channel++)
        out[place + channel] = (row[channel] - mean[channel]) * scale[channel] + offset[channel];
    });
  }
  return silu ? at::silu_(y) : y;
}

}  // namespace latentlab
