// philox-on-cpu FILE normal|uniform POSITION SEED COUNT: the numbers that the GPU would draw.
#include "cuda-on-cpu.h"
#include "kernels.h"

int main(int, char** arguments) {
  const bool normal = std::string(arguments[2]) == "normal";
  const long long position = std::stoll(arguments[3]), seed = std::stoll(arguments[4]), count = std::stoll(arguments[5]);
  std::vector<float> numbers(count, NAN);
  const int threads = 256;
  launch({static_cast<int>((count + 4 * threads - 1) / (4 * threads))}, threads, [&] {
    (normal ? fill_normal : fill_uniform)(&position, seed, numbers.data(), count);
  });
  writeFile(arguments[1], numbers);
}
