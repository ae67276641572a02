// GPU kernels of our own from their source text: compiled by NVRTC, which comes with torch, so nobody needs nvcc.
#pragma once

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <map>
#include <string>
#include <vector>

namespace latentlab {

/** NVRTC's C functions, of the CUDA version that torch runs on. */
class Nvrtc {
 public:
  static const Nvrtc& get() {
    static const Nvrtc nvrtc;
    return nvrtc;
  }

  /** Machine code for the current GPU. `definitions` are lines such as "-DNAME=value". */
  std::string compile(const std::string& source, const std::vector<std::string>& definitions) const {
    cudaDeviceProp properties;
    C10_CUDA_CHECK(cudaGetDeviceProperties(&properties, c10::cuda::current_device()));
    const std::string architecture =
        "--gpu-architecture=sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
    std::vector<const char*> options{architecture.c_str(), "--std=c++17"};
    for (const std::string& definition : definitions) options.push_back(definition.c_str());

    void* program = nullptr;
    check(createProgram(&program, source.c_str(), "latentlab.cu", 0, nullptr, nullptr));
    const int status = compileProgram(program, static_cast<int>(options.size()), options.data());
    if (status != 0) {
      size_t size = 0;
      getLogSize(program, &size);
      std::string log(size, '\0');
      getLog(program, log.data());
      destroyProgram(&program);
      TORCH_CHECK(false, "a GPU kernel did not compile: ", log);
    }
    size_t size = 0;
    check(getCodeSize(program, &size));
    std::string code(size, '\0');
    check(getCode(program, code.data()));
    destroyProgram(&program);
    return code;
  }

 private:
  Nvrtc() {
    int version = 0;
    C10_CUDA_CHECK(cudaRuntimeGetVersion(&version));
    const std::string major = std::to_string(version / 1000), minor = std::to_string(version % 1000 / 10);
    // NVRTC opens its built-in functions by their bare name, and finds them only where they have been loaded before.
    open("libnvrtc-builtins.so." + major + "." + minor);
    void* library = open("libnvrtc.so." + major);
    TORCH_CHECK(library, "CUDA's run-time compiler could not be loaded: ", dlerror());
    find(library, "nvrtcCreateProgram", createProgram);
    find(library, "nvrtcCompileProgram", compileProgram);
    find(library, "nvrtcGetProgramLogSize", getLogSize);
    find(library, "nvrtcGetProgramLog", getLog);
    find(library, "nvrtcGetCUBINSize", getCodeSize);
    find(library, "nvrtcGetCUBIN", getCode);
    find(library, "nvrtcDestroyProgram", destroyProgram);
    find(library, "nvrtcGetErrorString", getErrorString);
  }

  /** A library beside CUDA's runtime, which torch has loaded; else one that the system finds. */
  static void* open(const std::string& name) {
    Dl_info runtime;
    if (dladdr(reinterpret_cast<const void*>(&cudaRuntimeGetVersion), &runtime)) {
      const std::string path = runtime.dli_fname;
      void* beside = dlopen((path.substr(0, path.rfind('/') + 1) + name).c_str(), RTLD_LAZY | RTLD_LOCAL);
      if (beside) return beside;
    }
    return dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
  }

  template <class Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    TORCH_CHECK(function, "torch's NVRTC has no ", name);
  }

  void check(int status) const { TORCH_CHECK(status == 0, "NVRTC: ", getErrorString(status)); }

  int (*createProgram)(void**, const char*, const char*, int, const char* const*, const char* const*);
  int (*compileProgram)(void*, int, const char* const*);
  int (*getLogSize)(void*, size_t*);
  int (*getLog)(void*, char*);
  int (*getCodeSize)(void*, size_t*);
  int (*getCode)(void*, char*);
  int (*destroyProgram)(void**);
  const char* (*getErrorString)(int);
};

/** The kernels of one source text, compiled once for each set of definitions. */
class CudaModule {
 public:
  explicit CudaModule(std::string source) : source_(std::move(source)) {}

  /** Starts `kernel` on torch's current stream; `arguments` must have exactly the types of its parameters. */
  template <class... Arguments>
  void launch(const char* kernel, const std::vector<std::string>& definitions, dim3 grid, dim3 block,
              Arguments... arguments) {
    void* pointers[] = {static_cast<void*>(&arguments)...};
    C10_CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(find(kernel, definitions)), grid, block, pointers, 0,
                                    c10::cuda::getCurrentCUDAStream()));
  }

 private:
  cudaKernel_t find(const char* kernel, const std::vector<std::string>& definitions) {
    std::string key = kernel;
    for (const std::string& definition : definitions) key += definition;
    const auto known = kernels_.find(key);
    if (known != kernels_.end()) return known->second;
    const std::string code = Nvrtc::get().compile(source_, definitions);
    cudaLibrary_t library;
    C10_CUDA_CHECK(cudaLibraryLoadData(&library, code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0));
    cudaKernel_t found;
    C10_CUDA_CHECK(cudaLibraryGetKernel(&found, library, kernel));
    kernels_.emplace(std::move(key), found);
    return found;
  }

  std::string source_;
  std::map<std::string, cudaKernel_t> kernels_;
};

}  // namespace latentlab
