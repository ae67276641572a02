/**
 * PyTorch's profiler (Kineto) for JavaScript: which kernels ran on the GPU, how often and how long. Made for
 * `npm run bench -- profile`; compiled like the engine's addon (lib/native/addon.cc).
 *
 *   start()            records from now on
 *   stop() -> [{ name, device: "cpu" | "cuda", count, ns }]   the sums since then, by name
 */
#define NAPI_VERSION 8
#include <ATen/Context.h>
#include <node_api.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <map>
#include <string>
#include <utility>

namespace {

namespace profiler = torch::autograd::profiler;

template <class Work>
napi_value guarded(napi_env env, Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

napi_value start(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
    std::set<profiler::ActivityType> activities{profiler::ActivityType::CPU};
    if (at::hasCUDA()) activities.insert(profiler::ActivityType::CUDA);
    profiler::prepareProfiler(config, activities);
    profiler::enableProfiler(config, activities);
    return nullptr;
  });
}

napi_value stop(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    struct Sum {
      double count = 0;
      double nanoseconds = 0;
    };
    std::map<std::pair<std::string, bool>, Sum> sums;
    const auto recorded = profiler::disableProfiler();
    for (const auto& event : recorded->events()) {
      Sum& sum = sums[{event.name(), event.deviceType() == c10::DeviceType::CUDA}];
      sum.count += 1;
      sum.nanoseconds += static_cast<double>(event.durationNs());
    }
    napi_value result;
    napi_create_array(env, &result);
    uint32_t index = 0;
    for (const auto& [key, sum] : sums) {
      napi_value entry, name, device, count, nanoseconds;
      napi_create_object(env, &entry);
      napi_create_string_utf8(env, key.first.c_str(), NAPI_AUTO_LENGTH, &name);
      napi_create_string_utf8(env, key.second ? "cuda" : "cpu", NAPI_AUTO_LENGTH, &device);
      napi_create_double(env, sum.count, &count);
      napi_create_double(env, sum.nanoseconds, &nanoseconds);
      napi_set_named_property(env, entry, "name", name);
      napi_set_named_property(env, entry, "device", device);
      napi_set_named_property(env, entry, "count", count);
      napi_set_named_property(env, entry, "ns", nanoseconds);
      napi_set_element(env, result, index++, entry);
    }
    return result;
  });
}

napi_value initialise(napi_env env, napi_value exports) {
  const std::pair<const char*, napi_callback> functions[] = {{"start", start}, {"stop", stop}};
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  return exports;
}

}  // namespace

NAPI_MODULE(profiler, initialise)
