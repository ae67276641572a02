// The process's device and its limits: what there is, threads, memory, and the stream that all work of the GPU is on.
#pragma once
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>
#ifdef WITH_CUDA
#include <ATen/ops/ones.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cstdio>
#include <optional>

#include "determinism.h"
#include "handles.h"

namespace latentlab {

/** The number of the graph that is being recorded; while there is one, nothing may wait for the device. */
inline std::optional<int64_t>& recording() {
  static std::optional<int64_t> graph;
  return graph;
}

inline void refuseWhileRecording(const char* what) {
  if (recording())
    fail(code::compiledStep, std::string(what) +
                                 " is not possible while a compiled step is recorded: the device is not computing yet.");
}

/**
 * The first word that is a number of three digits or more with dots behind, such as "580.82.07"; empty without one.
 *
 * Not by `std::regex`: some builds of Node export parts of the C++ library of their own, in which it crashes.
 */
inline std::string dottedNumberIn(const std::string& line) {
  for (size_t start = 0; start < line.size();) {
    const size_t end = std::min(line.find_first_of(" \t\n", start), line.size());
    const std::string word = line.substr(start, end - start);
    const bool isNumber = word.find_first_not_of("0123456789.") == std::string::npos;
    if (isNumber && word.size() > 3 && word.find('.') >= 3 && word.find('.') + 1 < word.size()) return word;
    start = end + 1;
  }
  return "";
}

#ifdef WITH_CUDA
/**
 * All work of this thread goes to one stream from torch's pool, from the first use of the GPU to the end of the process.
 * The default stream cannot be recorded; with another one for recordings alone, memory and work would have to be handed
 * over between the two. On one stream, plain operators, recordings and replays are in order by themselves.
 */
inline void useOwnStream() {
  if (c10::cuda::getCurrentCUDAStream() != c10::cuda::getDefaultCUDAStream()) return;
  c10::cuda::device_synchronize();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
}

/** "580.82.07 (CUDA 13.0)" */
inline std::string driverVersion() {
  int cuda = 0;
  cudaDriverGetVersion(&cuda);
  char line[256] = "";
  if (FILE* file = std::fopen("/proc/driver/nvidia/version", "r")) {
    if (!std::fgets(line, sizeof line, file)) line[0] = 0;
    std::fclose(file);
  }
  const std::string known = dottedNumberIn(line);
  return known + (known.empty() ? "(CUDA " : " (CUDA ") + std::to_string(cuda / 1000) + "." +
         std::to_string(cuda % 1000 / 10) + ")";
}

/** Why CUDA finds no GPU, as a sentence. */
inline std::string explainNoGpu(cudaError_t error) {
  const std::string needed = std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (error == cudaErrorInsufficientDriver && driver == 0) return "There is no NVIDIA driver on this machine.";
  if (error == cudaErrorInsufficientDriver)
    return "The NVIDIA driver " + driverVersion() + " is too old: torch " TORCH_VERSION " needs one for CUDA " + needed +
           ". Update the driver.";
  if (error == cudaSuccess || error == cudaErrorNoDevice) return "There is an NVIDIA driver but no GPU that it shows.";
  return std::string("CUDA reports: ") + cudaGetErrorString(error) + ".";
}

/** Whether the first GPU computes, tried once; the reason where it does not. */
inline const std::optional<std::string>& gpuProblem() {
  static const std::optional<std::string> problem = []() -> std::optional<std::string> {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (error != cudaSuccess || count == 0) return explainNoGpu(error);
    try {
      useOwnStream();
      prepareDeterminism();
      // A GPU may be there and be of no use: too old for torch's kernels, in exclusive use, or without free memory.
      at::ones({1}, at::TensorOptions().device(at::kCUDA)).add_(1).item();
      return std::nullopt;
    } catch (...) {
      cudaGetLastError();
      return "The GPU does not compute: " + describeException().message;
    }
  }();
  return problem;
}

inline bool gpuInUse() { return c10::cuda::CUDACachingAllocator::get()->initialized() && !gpuProblem(); }

inline napi_value describeGpu(napi_env env) {
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return undefined(env);
  napi_value gpu;
  check(napi_create_object(env, &gpu), "Memory for an object");
  setProperty(env, gpu, "name", fromString(env, properties.name));
  setProperty(env, gpu, "capability",
              fromItems(env, std::vector<int>{properties.major, properties.minor},
                        [env](int number) { return fromNumber(env, number); }));
  setProperty(env, gpu, "totalBytes", fromNumber(env, static_cast<double>(properties.totalGlobalMem)));
  setProperty(env, gpu, "driver", fromString(env, driverVersion()));
  return gpu;
}
#endif

/** Version of the libtorch that has been loaded, which need not be the one whose headers were compiled. */
inline std::string loadedVersion() {
  const std::string configuration = at::show_config(), key = "TORCH_VERSION=";
  const size_t found = configuration.find(key);
  if (found == std::string::npos) return TORCH_VERSION;
  const size_t start = found + key.size();
  return configuration.substr(start, configuration.find_first_of(", \n", start) - start);
}

/** `info()`; the first call tries the GPU, where the addon is compiled for one. */
inline napi_value info(napi_env env, const Arguments&) {
  napi_value result;
  check(napi_create_object(env, &result), "Memory for an object");
  static const std::string version = loadedVersion();
  setProperty(env, result, "torch", fromString(env, version));
#ifdef WITH_CUDA
  const std::optional<std::string>& problem = gpuProblem();
  setProperty(env, result, "compiledForCuda", fromBoolean(env, true));
  setProperty(env, result, "cuda", problem ? undefined(env) : describeGpu(env));
  setProperty(env, result, "cudaError", problem ? fromString(env, *problem) : undefined(env));
#else
  setProperty(env, result, "compiledForCuda", fromBoolean(env, false));
  setProperty(env, result, "cuda", undefined(env));
  setProperty(env, result, "cudaError", undefined(env));
#endif
  setProperty(env, result, "threads", fromNumber(env, at::get_num_threads()));
  return result;
}

/** `setThreads(count)` */
inline napi_value setThreads(napi_env env, const Arguments& arguments) {
  const int64_t count = arguments.integer(0);
  if (count < 1 || count > 4096) fail("The number of threads must be from 1 to 4096, not " + std::to_string(count) + ".");
  at::set_num_threads(static_cast<int>(count));
  return undefined(env);
}

/** `setTf32(on)`: NVIDIA's tensor cores for float32 factors, rounded to 11 bits. */
inline napi_value setTf32(napi_env env, const Arguments& arguments) {
  const bool on = arguments.boolean(0);
  at::globalContext().setAllowTF32CuBLAS(on);
  at::globalContext().setAllowTF32CuDNN(on);
  return undefined(env);
}

/** `synchronize()` */
inline napi_value synchronize(napi_env env, const Arguments&) {
#ifdef WITH_CUDA
  refuseWhileRecording("Waiting for the device");
  if (gpuInUse()) c10::cuda::device_synchronize();
#endif
  return undefined(env);
}

/** `memory()` */
inline napi_value memory(napi_env env, const Arguments&) {
  int64_t allocated = 0, peak = 0, reserved = 0;
#ifdef WITH_CUDA
  if (gpuInUse()) {
    const auto statistics = c10::cuda::CUDACachingAllocator::getDeviceStats(0);
    allocated = statistics.allocated_bytes[0].current;
    peak = statistics.allocated_bytes[0].peak;
    reserved = statistics.reserved_bytes[0].current;
  }
#endif
  napi_value result;
  check(napi_create_object(env, &result), "Memory for an object");
  setProperty(env, result, "allocatedBytes", fromNumber(env, static_cast<double>(allocated)));
  setProperty(env, result, "peakBytes", fromNumber(env, static_cast<double>(peak)));
  setProperty(env, result, "reservedBytes", fromNumber(env, static_cast<double>(reserved)));
  return result;
}

/** `resetPeak()`: the peak of memory counts from now on. */
inline napi_value resetPeak(napi_env env, const Arguments&) {
#ifdef WITH_CUDA
  if (gpuInUse()) c10::cuda::CUDACachingAllocator::resetPeakStats(0);
#endif
  return undefined(env);
}

/** `emptyCache()`: freed memory that torch keeps for reuse goes back to the driver. */
inline napi_value emptyCache(napi_env env, const Arguments&) {
#ifdef WITH_CUDA
  refuseWhileRecording("Giving memory back");
  if (gpuInUse()) c10::cuda::CUDACachingAllocator::emptyCache();
#endif
  return undefined(env);
}

}  // namespace latentlab
