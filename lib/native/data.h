// Numbers from JavaScript's typed arrays into tensors, and back.
#pragma once
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#ifdef WITH_CUDA
#include <c10/core/Event.h>
#endif

#include <cstring>
#include <memory>

#include "device.h"

namespace latentlab {

/** A typed array's memory; valid until JavaScript runs again. */
struct HostData {
  at::ScalarType type;
  size_t length;
  void* data;
};

inline HostData toHostData(napi_env env, napi_value value) {
  napi_typedarray_type type;
  HostData result{};
  check(napi_get_typedarray_info(env, value, &type, &result.length, &result.data, nullptr, nullptr), "A typed array");
  switch (type) {
    case napi_float32_array: result.type = at::kFloat; break;
    case napi_int32_array: result.type = at::kInt; break;
    case napi_uint8_array:
    case napi_uint8_clamped_array: result.type = at::kByte; break;
    default: fail("A Float32Array, Int32Array or Uint8Array was expected, not another typed array.");
  }
  return result;
}

/** A shape, checked: no negative sizes, and no more elements than `count`. */
inline std::vector<int64_t> toShape(napi_env env, napi_value value, size_t count) {
  const std::vector<int64_t> shape = toIntegers(env, value);
  int64_t elements = 1;
  for (const int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(elements, size, &elements))
      fail("There is no tensor of shape " + c10::str(at::IntArrayRef(shape)) + ".");
  // A detached buffer has length 0.
  if (static_cast<size_t>(elements) != count)
    fail("A tensor of shape " + c10::str(at::IntArrayRef(shape)) + " has " + std::to_string(elements) +
         " elements, and the data has " + std::to_string(count) + ".");
  return shape;
}

inline c10::DeviceType toDevice(napi_env env, napi_value value) {
  const std::string name = toString(env, value);
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") fail("There is no device \"" + name + "\"; there are \"cpu\" and \"cuda\".");
#ifdef WITH_CUDA
  if (const auto& problem = gpuProblem()) fail(*problem);
  return at::kCUDA;
#else
  fail("The torch engine was set up without CUDA, so that there is no device \"cuda\".");
#endif
}

inline at::ScalarType toScalarType(napi_env env, napi_value value) {
  const auto type = static_cast<at::ScalarType>(toEnum(env, value, static_cast<int64_t>(at::ScalarType::NumOptions), "type"));
  switch (type) {
    case at::kByte: case at::kChar: case at::kShort: case at::kInt: case at::kLong:
    case at::kHalf: case at::kFloat: case at::kDouble: case at::kBool: case at::kBFloat16: return type;
    default: fail(std::string("Data cannot be given as ") + typeName(type) + ".");
  }
}

#ifdef WITH_CUDA
/** Beyond this the copy's wait for the device does not matter, and page-locked memory would stay held for reuse. */
constexpr size_t largestPinnedUpload = 16 << 20;

/**
 * Through page-locked memory: from there the GPU fetches the data by itself, in the stream's order, and this thread
 * goes on at once. (torch reuses such memory only when the stream has passed the copy.)
 */
inline at::Tensor toGpu(const at::Tensor& source) {
  refuseWhileRecording("Bringing data to the GPU");
  if (source.nbytes() == 0 || source.nbytes() > largestPinnedUpload) return source.to(at::kCUDA);
  const at::Tensor pinned = at::empty(source.sizes(), source.options().pinned_memory(true));
  std::memcpy(pinned.mutable_data_ptr(), source.const_data_ptr(), source.nbytes());
  return pinned.to(at::kCUDA, /*non_blocking=*/true);
}
#endif

/** `upload(data, shape, device, type)` */
inline napi_value upload(napi_env env, const Arguments& arguments) {
  const HostData host = toHostData(env, arguments[0]);
  const std::vector<int64_t> shape = toShape(env, arguments[1], host.length);
  const c10::DeviceType device = toDevice(env, arguments[2]);
  const at::ScalarType type = toScalarType(env, arguments[3]);
  const at::NoGradGuard noGradients;
  if (host.length == 0) return fromTensor(env, at::empty(shape, at::TensorOptions().device(device).dtype(type)));
  const at::Tensor source = at::from_blob(host.data, shape, at::TensorOptions().dtype(host.type));
#ifdef WITH_CUDA
  if (device == at::kCUDA) return fromTensor(env, toGpu(source).to(type));
#endif
  return fromTensor(env, source.to(type, /*non_blocking=*/false, /*copy=*/true));
}

/** The type in which JavaScript gets a tensor of `type`. */
inline at::ScalarType hostType(at::ScalarType type) {
  switch (type) {
    case at::kBool: case at::kByte: return at::kByte;
    case at::kChar: case at::kShort: case at::kInt: case at::kLong: return at::kInt;
    default: return at::kFloat;
  }
}

/** The same numbers in the host's type, contiguous, on the tensor's device. May share its memory. */
inline at::Tensor readable(const at::Tensor& tensor) {
  if (tensor.is_complex()) fail("Complex numbers have no typed array.");
  if (!tensor.is_cpu()) refuseWhileRecording("Reading a tensor");
  const at::NoGradGuard noGradients;
  return tensor.detach().resolve_neg().to(hostType(tensor.scalar_type())).contiguous();
}

/** A typed array of JavaScript's, and its memory. */
struct HostArray {
  napi_value array;
  void* data;
};

/** Elements that a typed array has at most, in all versions of V8. */
constexpr int64_t largestArray = 4294967295;

/**
 * An array for the numbers of `tensor`. It is JavaScript's own memory, and the numbers are copied: memory of torch's
 * would be given back only when the event loop turns, and a training loop may not let it turn for hours.
 */
inline HostArray createArray(napi_env env, const at::Tensor& tensor) {
  const size_t bytes = tensor.nbytes();
  // V8 ends the process where it cannot have an array; so see first whether it is possible, and memory to be had.
  if (tensor.numel() > largestArray)
    fail("A tensor of " + std::to_string(tensor.numel()) + " numbers is too large for a typed array.");
  if (bytes > (1 << 20)) at::empty({static_cast<int64_t>(bytes)}, at::kByte);
  HostArray result{};
  napi_value buffer;
  check(napi_create_arraybuffer(env, bytes, &result.data, &buffer), "Memory for an array");
  const napi_typedarray_type type = tensor.scalar_type() == at::kFloat ? napi_float32_array
                                    : tensor.scalar_type() == at::kInt ? napi_int32_array
                                                                       : napi_uint8_array;
  check(napi_create_typedarray(env, type, tensor.numel(), buffer, 0, &result.array), "Memory for an array");
  return result;
}

/** `download(tensor)` */
inline napi_value download(napi_env env, const Arguments& arguments) {
  const at::Tensor source = readable(toTensor(env, arguments[0]));
  const HostArray host = createArray(env, source);
  if (source.numel() == 0) return host.array;
  const at::NoGradGuard noGradients;
  at::from_blob(host.data, source.sizes(), source.options().device(at::kCPU)).copy_(source);
  return host.array;
}

#ifdef WITH_CUDA
/** A read-back under way: of the tensor's numbers at the time of the call, in the stream's order. */
struct PendingDownload {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref array = nullptr;  // keeps the array, and so its memory
  void* data = nullptr;
  at::Tensor source;  // on the device, kept alive until the copy is done
  at::Tensor pinned;  // page-locked, written by the device
  c10::Event copied{at::kCUDA};
  std::optional<Failure> failure;

  /** On another thread. */
  void wait() {
    try {
      copied.synchronize();
      if (pinned.nbytes() > 0) std::memcpy(data, pinned.const_data_ptr(), pinned.nbytes());
    } catch (...) {
      failure = describeException();
    }
  }

  /** On JavaScript's thread. */
  void settle(napi_env env) {
    napi_value value = nullptr;
    if (failure) {
      napi_create_error(env, fromString(env, failure->code), fromString(env, failure->message), &value);
      napi_reject_deferred(env, deferred, value);
    } else {
      napi_get_reference_value(env, array, &value);
      napi_resolve_deferred(env, deferred, value);
    }
    napi_delete_reference(env, array);
  }
};

inline napi_value downloadFromGpu(napi_env env, const at::Tensor& tensor) {
  auto pending = std::make_unique<PendingDownload>();
  pending->source = readable(tensor);
  const HostArray host = createArray(env, pending->source);
  pending->data = host.data;
  pending->pinned = at::empty(pending->source.sizes(), pending->source.options().device(at::kCPU).pinned_memory(true));
  pending->pinned.copy_(pending->source, /*non_blocking=*/true);
  pending->copied.record(c10::cuda::getCurrentCUDAStream());
  napi_value promise;
  check(napi_create_reference(env, host.array, 1, &pending->array), "Memory for a reference");
  check(napi_create_promise(env, &pending->deferred, &promise), "Memory for a promise");
  const auto execute = [](napi_env, void* data) { static_cast<PendingDownload*>(data)->wait(); };
  const auto complete = [](napi_env env, napi_status status, void* data) {
    const std::unique_ptr<PendingDownload> pending(static_cast<PendingDownload*>(data));
    if (status == napi_ok) pending->settle(env);  // else the process is ending, and nobody waits any more
    napi_delete_async_work(env, pending->work);
  };
  check(napi_create_async_work(env, nullptr, fromString(env, "latentlab.download"), execute, complete, pending.get(),
                               &pending->work), "Memory for a task");
  check(napi_queue_async_work(env, pending->work), "Room for a task");
  pending.release();
  return promise;
}
#endif

/** `downloadAsync(tensor)` */
inline napi_value downloadAsync(napi_env env, const Arguments& arguments) {
#ifdef WITH_CUDA
  const at::Tensor tensor = toTensor(env, arguments[0]);
  if (tensor.is_cuda()) return downloadFromGpu(env, tensor);
#endif
  // The CPU's operators are done when they return, so there is nothing to wait for. Copied now and not on another
  // thread: an operator that writes into the tensor may be the caller's next.
  const napi_value array = download(env, arguments);
  napi_deferred deferred;
  napi_value promise;
  check(napi_create_promise(env, &deferred, &promise), "Memory for a promise");
  check(napi_resolve_deferred(env, deferred, array), "A promise");
  return promise;
}

}  // namespace latentlab
