/**
 * The native side of the `torch` engine: libtorch's operators, its autograd and its CUDA graphs for JavaScript, as
 * `lib/src/engine/torch/addon.ts` declares them. One translation unit, so that plain g++ builds it:
 *
 *   g++ -shared -fPIC -O2 -std=c++17 [-DWITH_CUDA] -I<headers of torch, CUDA and Node-API> addon.cc \
 *     -L<torch>/lib -Wl,--no-as-needed -ltorch_cpu -lc10 [-ltorch_cuda -lc10_cuda -lcudart]
 *
 * Everything runs on JavaScript's thread, except the wait of an asynchronous read-back. There is no Python in it.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include "arguments.h"
#include "data.h"
#include "device.h"
#include "gradients.h"
#include "graphs.h"
#include "operators.h"
#include "tensors.h"
#if __has_include("operators/operators.h")
#include "operators/operators.h"
#endif

namespace latentlab {

/** Tensors, streams and modes belong to one thread; a worker that loads the addon as well is refused. */
bool& loaded() {
  static bool is = false;
  return is;
}

void unload(void*) {
  freeAllGraphs();
  handles().clear();
  at::autocast::clear_cache();
  loaded() = false;
}

template <napi_value (*entryPoint)(napi_env, const Arguments&)>
napi_value call(napi_env env, napi_callback_info info) {
  return guarded(env, [&] { return entryPoint(env, Arguments(env, info)); });
}

template <napi_value (*entryPoint)(napi_env, const Arguments&)>
void define(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, call<entryPoint>, nullptr, &function), "A function");
  setProperty(env, exports, name, function);
}

napi_value initialize(napi_env env, napi_value exports) {
  return guarded(env, [&] {
    if (loaded()) fail("The torch engine is in use in another thread of this process, and runs in one thread alone.");
    loaded() = true;
    napi_add_env_cleanup_hook(env, unload, nullptr);
    at::GradMode::set_enabled(false);  // nothing is recorded until `recordGradients(true)`

    define<findOperator>(env, exports, "op");
    define<schemaOf>(env, exports, "schema");
    define<callOperator>(env, exports, "call");

    define<upload>(env, exports, "upload");
    define<download>(env, exports, "download");
    define<downloadAsync>(env, exports, "downloadAsync");
    define<shapeOf>(env, exports, "shape");
    define<typeOfTensor>(env, exports, "type");
    define<deviceOf>(env, exports, "device");
    define<alias>(env, exports, "alias");
    define<detach>(env, exports, "detach");
    define<freeTensors>(env, exports, "free");
    define<describe>(env, exports, "describe");
    define<handleCount>(env, exports, "handleCount");

    define<recordGradients>(env, exports, "recordGradients");
    define<requireGradient>(env, exports, "requireGradient");
    define<gradients>(env, exports, "gradients");
    define<autocast>(env, exports, "autocast");

    define<info>(env, exports, "info");
    define<setThreads>(env, exports, "setThreads");
    define<setTf32>(env, exports, "setTf32");
    define<setDeterministic>(env, exports, "setDeterministic");
    define<synchronize>(env, exports, "synchronize");
    define<memory>(env, exports, "memory");
    define<resetPeak>(env, exports, "resetPeak");
    define<emptyCache>(env, exports, "emptyCache");

    define<captureBegin>(env, exports, "captureBegin");
    define<captureEnd>(env, exports, "captureEnd");
    define<captureAbort>(env, exports, "captureAbort");
    define<replay>(env, exports, "replay");
    define<freeGraph>(env, exports, "freeGraph");
    return exports;
  });
}

}  // namespace latentlab

NAPI_MODULE(latentlab_torch, latentlab::initialize)
