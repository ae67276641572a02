// group-norm-on-cpu FOLDER BATCH POSITIONS CHANNELS GROUPS CHUNKS: forward and backward of the GPU's group norm.
// The kernels' text comes in as the header "kernels.h", written by the test.
#include "cuda-on-cpu.h"
#include "kernels.h"

int main(int, char** arguments) {
  const std::string folder = std::string(arguments[1]) + "/";
  const int batch = std::stoi(arguments[2]), positions = std::stoi(arguments[3]), channels = std::stoi(arguments[4]);
  const int groups = std::stoi(arguments[5]), chunks = std::stoi(arguments[6]);
  const int64 perChunk = (positions + chunks - 1) / chunks;
#if VECTOR == 8
  using Stored = unsigned short;
#else
  using Stored = float;
#endif
  const auto x = readFile<Stored>(folder + "x"), dy = readFile<Stored>(folder + "dy");
  const auto weight = readFile<float>(folder + "weight"), bias = readFile<float>(folder + "bias");
  // Not-a-number everywhere, so that nothing passes that no kernel has written.
  const auto unwritten = [](size_t size) { return std::vector<float>(size, NAN); };
  auto partial = unwritten(batch * chunks * groups * 2), moments = unwritten(batch * groups * 2);
  auto partialGradients = unwritten(batch * chunks * channels * 2), sums = unwritten(batch * channels * 2);
  std::vector<Stored> y(x.size(), 0x7fc0), dx(x.size(), 0x7fc0);

  launch({chunks, batch}, THREADS, [&] { sum_groups(x.data(), partial.data(), positions, perChunk, channels, groups); });
  launch({(groups + 7) / 8, batch}, THREADS, [&] {
    finish_moments(x.data(), partial.data(), moments.data(), positions, chunks, channels, groups, 1e-6f);
  });
  launch({chunks, batch}, THREADS, [&] {
    normalise(x.data(), moments.data(), weight.data(), bias.data(), y.data(), positions, perChunk, channels, groups);
  });
  launch({chunks, batch}, THREADS, [&] {
    sum_gradients(dy.data(), x.data(), moments.data(), weight.data(), bias.data(), partialGradients.data(), positions,
                  perChunk, channels, groups);
  });
  launch({(2 * channels + 31) / 32, batch}, THREADS, [&] {
    finish_sums(partialGradients.data(), sums.data(), chunks, 2 * channels);
  });
  launch({chunks, batch}, THREADS, [&] {
    input_gradient(dy.data(), x.data(), moments.data(), weight.data(), bias.data(), sums.data(), dx.data(), positions,
                   perChunk, channels, groups);
  });
  writeFile(folder + "y", y);
  writeFile(folder + "dx", dx);
  writeFile(folder + "sums", sums);
}
