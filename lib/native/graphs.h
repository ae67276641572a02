// CUDA graphs: the work of one training step, recorded once and started again as a whole.
#pragma once
#include "gradients.h"
#ifdef WITH_CUDA
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGraph.h>

#include <map>
#include <memory>

namespace latentlab {

struct Graph {
  at::cuda::CUDAGraph cuda;
  /** Of the memory in which the recorded work keeps its tensors from replay to replay. */
  c10::MempoolId_t pool = at::cuda::graph_pool_handle();
};

/** Never destroyed by itself: a graph that outlives CUDA's own globals ends the process with an error. */
inline std::map<int64_t, std::unique_ptr<Graph>>& graphs() {
  static auto* all = new std::map<int64_t, std::unique_ptr<Graph>>;
  return *all;
}

inline Graph& toGraph(int64_t number) {
  const auto found = graphs().find(number);
  if (found == graphs().end()) fail("There is no graph with the number " + std::to_string(number) + ".");
  return *found->second;
}

/** Runs clean-up that may find that there is nothing to clean. */
template <class Body>
void attempt(Body&& body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

inline bool hasEnded(Graph& graph) {
  try {
    graph.cuda.pool();  // refused before the end of the recording
    return true;
  } catch (const c10::Error&) {
    return false;
  }
}

inline void beginRecording(Graph& graph) {
  // "Thread local": calls of other threads, such as the wait of an earlier read-back, do not spoil the recording.
  graph.cuda.capture_begin(graph.pool, cudaStreamCaptureModeThreadLocal);
}

/**
 * Ends a recording whatever has happened in it, and frees its memory.
 *
 * CUDA spoils a recording at the first call that it does not allow, and `capture_end` then throws before it has told
 * torch's allocators and its random generator that recording is over; so that is done here.
 */
inline void abandon(std::unique_ptr<Graph> graph) {
  attempt([&] { graph->cuda.capture_end(); });
  if (!hasEnded(*graph)) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
    if (cudaStreamIsCapturing(stream, &status) == cudaSuccess && status != cudaStreamCaptureStatusNone) {
      cudaGraph_t unfinished = nullptr;
      cudaStreamEndCapture(stream, &unfinished);
      if (unfinished) cudaGraphDestroy(unfinished);
    }
    cudaGetLastError();
    using namespace c10::cuda;
    attempt([&] { CUDACachingAllocator::endAllocateToPool(0, graph->pool); });
    attempt([&] { CUDACachingAllocator::releasePool(0, graph->pool); });
    at::HostAllocator* pinned = at::getHostAllocator(at::kCUDA);
    attempt([&] { pinned->end_allocate_to_pool(graph->pool); });
    attempt([&] { pinned->release_pool(graph->pool); });
    // The generator leaves its recording state only at the end of a good recording: give it one.
    attempt([&] {
      Graph good;
      const at::Tensor one = at::ones({1}, at::TensorOptions().device(at::kCUDA));
      beginRecording(good);
      one.add_(1);
      good.cuda.capture_end();
    });
  }
  attempt([&] { graph.reset(); });
  attempt([] { c10::cuda::device_synchronize(); });
  cudaGetLastError();  // what has been dealt with must not be reported by the next operator
}

inline void stopRecording() {
  recording().reset();
  // Copies that the recording has made live in its memory and hold numbers only while it replays.
  at::autocast::clear_cache();
}

/** `captureBegin()`: the new graph's number. */
inline napi_value captureBegin(napi_env env, const Arguments&) {
  static int64_t last = 0;
  refuseWhileRecording("Recording another one");
  if (const auto& problem = gpuProblem()) fail(*problem);
  useOwnStream();
  // A copy of a parameter made before would be used as it is by every replay; so each recording makes its own.
  at::autocast::clear_cache();
  c10::cuda::device_synchronize();
  // The recording gets memory of its own, while what warming up has left unused would stay with the process.
  c10::cuda::CUDACachingAllocator::emptyCache();
  auto graph = std::make_unique<Graph>();
  try {
    beginRecording(*graph);
  } catch (...) {
    const Failure failure = describeException();
    abandon(std::move(graph));
    throw AddonError(failure.code, failure.message);
  }
  recording() = ++last;
  graphs()[last] = std::move(graph);
  return fromNumber(env, static_cast<double>(last));
}

inline Graph& toRecordedGraph(int64_t number) {
  if (recording() != number) fail("The graph " + std::to_string(number) + " is not being recorded.");
  return toGraph(number);
}

inline std::unique_ptr<Graph> removeGraph(int64_t number) {
  std::unique_ptr<Graph> graph = std::move(graphs().at(number));
  graphs().erase(number);
  return graph;
}

/** `captureEnd(graph)`; where it throws, the graph is gone and work goes on as before. */
inline napi_value captureEnd(napi_env env, const Arguments& arguments) {
  const int64_t number = arguments.integer(0);
  Graph& graph = toRecordedGraph(number);
  stopRecording();
  try {
    graph.cuda.capture_end();
  } catch (...) {
    const Failure failure = describeException();
    abandon(removeGraph(number));
    throw AddonError(failure.code, failure.message);
  }
  return undefined(env);
}

/** `captureAbort(graph)` */
inline napi_value captureAbort(napi_env env, const Arguments& arguments) {
  const int64_t number = arguments.integer(0);
  toRecordedGraph(number);
  stopRecording();
  abandon(removeGraph(number));
  return undefined(env);
}

/** `replay(graph)` */
inline napi_value replay(napi_env env, const Arguments& arguments) {
  refuseWhileRecording("Replaying another one");
  toGraph(arguments.integer(0)).cuda.replay();
  return undefined(env);
}

/** `freeGraph(graph)` */
inline napi_value freeGraph(napi_env env, const Arguments& arguments) {
  const int64_t number = arguments.integer(0);
  refuseWhileRecording("Freeing one");
  toGraph(number);
  c10::cuda::device_synchronize();  // it may still be running
  removeGraph(number).reset();
  return undefined(env);
}

/** Before the process ends. */
inline void freeAllGraphs() {
  if (graphs().empty()) return;
  if (recording()) {
    const int64_t number = *recording();
    stopRecording();
    abandon(removeGraph(number));
  }
  attempt([] { c10::cuda::device_synchronize(); });
  attempt([] { graphs().clear(); });
}

}  // namespace latentlab
#else
namespace latentlab {

inline napi_value withoutCuda(napi_env, const Arguments&) {
  fail("The torch engine was set up without CUDA, so that steps cannot be recorded.");
}
constexpr auto captureBegin = withoutCuda, captureEnd = withoutCuda, captureAbort = withoutCuda, replay = withoutCuda,
               freeGraph = withoutCuda;
inline void freeAllGraphs() {}

}  // namespace latentlab
#endif
