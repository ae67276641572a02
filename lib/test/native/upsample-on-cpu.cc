// upsample-on-cpu FOLDER ROWS WIDTH CHANNELS: both of the GPU's upsampling kernels, on the files "x" and "dy".
// The kernels' text comes in as the header "kernels.h", written by the test.
#include "cuda-on-cpu.h"
#include "kernels.h"

int main(int, char** arguments) {
  const std::string folder = std::string(arguments[1]) + "/";
  const int64 rows = std::stoi(arguments[2]);
  const int width = std::stoi(arguments[3]), channels = std::stoi(arguments[4]);
#if VECTOR == 8
  using Stored = unsigned short;
#else
  using Stored = float;
#endif
  const auto x = readFile<Stored>(folder + "x"), dy = readFile<Stored>(folder + "dy");
  // Not-a-number everywhere, so that nothing passes that no kernel has written.
  Stored nan;
  std::memset(&nan, 0xff, sizeof nan);
  std::vector<Stored> y(dy.size(), nan), dx(x.size(), nan);
  const int64 count = rows * width * channels / VECTOR;
  const dim3 grid{static_cast<int>((count + THREADS - 1) / THREADS)};
  launch(grid, THREADS, [&] { repeat_pixels(x.data(), y.data(), count, width, channels); });
  launch(grid, THREADS, [&] { sum_squares(dy.data(), dx.data(), count, width, channels); });
  writeFile(folder + "y", y);
  writeFile(folder + "dx", dx);
}
