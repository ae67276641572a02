// Whether a GPU may take algorithms whose results differ in their last digits from run to run.
#pragma once
#include <ATen/Context.h>
#include <c10/util/Exception.h>

#include <cstdlib>
#include <set>
#include <string>

#include "values.h"

namespace latentlab {

/**
 * Convolutions try cuDNN's algorithms at their first call of each shape and keep the fastest, within the memory that is
 * free, as PyTorch's `cudnn.benchmark` does. What is chosen may differ from run to run, and so the last digits.
 */
inline bool searchesAlgorithms() {
  const char* search = std::getenv("LATENTLAB_CUDNN_SEARCH");
  return search == nullptr || std::string(search) != "0";
}

/** torch warns at every call of an operator that has no deterministic algorithm; once is enough. */
class WarnOnce : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    if (known_.insert(warning.msg()).second) c10::WarningHandler::process(warning);
  }

 private:
  std::set<std::string> known_;
};

/** Called before the first use of the GPU: torch reads the variable once. */
inline void prepareDeterminism() {
  static WarnOnce once;
  c10::WarningUtils::set_warning_handler(&once);
  // Matrix products with a work space of a fixed size, without which torch does not take them for deterministic.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  // In that mode torch would otherwise fill all new memory with NaN.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setBenchmarkCuDNN(searchesAlgorithms());
}

/**
 * `setDeterministic(on)`: from now on only algorithms whose results are the same at every repetition, or the fastest. An
 * operator that has none (the gradient of bilinear resizing) goes on as before, and torch says so.
 */
inline napi_value setDeterministic(napi_env env, const Arguments& arguments) {
  const bool on = arguments.boolean(0);
  at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(on);
  at::globalContext().setBenchmarkCuDNN(!on && searchesAlgorithms());
  return undefined(env);
}

}  // namespace latentlab
