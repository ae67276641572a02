// What goes wrong reaches JavaScript as an Error with a `code`; nothing may end the process.
#pragma once
#include <c10/util/Exception.h>
#include <node_api.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace latentlab {

namespace code {
constexpr const char* other = "ERR_TORCH";
constexpr const char* outOfMemory = "ERR_TORCH_OOM";
constexpr const char* noSuchOperator = "ERR_TORCH_OPERATOR";
constexpr const char* freed = "ERR_TENSOR_FREED";
constexpr const char* compiledStep = "ERR_COMPILED_STEP";
}  // namespace code

/** An error of the addon itself, for example a wrong argument. */
struct AddonError : std::exception {
  const char* code;
  std::string message;
  AddonError(const char* code, std::string message) : code(code), message(std::move(message)) {}
  const char* what() const noexcept override { return message.c_str(); }
};

[[noreturn]] inline void fail(const char* code, std::string message) {
  throw AddonError(code, std::move(message));
}
[[noreturn]] inline void fail(std::string message) { fail(code::other, std::move(message)); }

/** A caught exception, as JavaScript will see it. */
struct Failure {
  const char* code;
  std::string message;
};

inline bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/** Translates the exception that is being handled. */
inline Failure describeException() {
  try {
    throw;
  } catch (const AddonError& error) {
    return {error.code, error.message};
  } catch (const c10::OutOfMemoryError& error) {
    return {code::outOfMemory, error.what_without_backtrace()};
  } catch (const c10::Error& error) {
    std::string message = error.what_without_backtrace();
    // The CPU's allocator throws the general class, and CUDA's libraries report a plain status.
    const bool memory = contains(message, "can't allocate memory") || contains(message, "out of memory") ||
                        contains(message, "CUBLAS_STATUS_ALLOC_FAILED");
    // Only a recording refuses work for this reason: reading a value, or whatever else waits for the device.
    const bool recording = contains(message, "stream is capturing") || contains(message, "error during capture");
    return {memory ? code::outOfMemory : recording ? code::compiledStep : code::other, std::move(message)};
  } catch (const std::bad_alloc&) {
    return {code::outOfMemory, "The process cannot allocate more memory."};
  } catch (const std::exception& error) {
    return {code::other, error.what()};
  } catch (...) {
    return {code::other, "An exception of an unknown kind was thrown by native code."};
  }
}

inline void throwInJavaScript(napi_env env, const Failure& failure) {
  // An exception that is pending already (from a getter of an argument, say) is the cause of this one.
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, failure.code, failure.message.c_str());
}

/** Runs the body of an entry point; whatever it throws becomes a JavaScript error. */
template <class Body>
napi_value guarded(napi_env env, Body&& body) {
  try {
    return body();
  } catch (...) {
    throwInJavaScript(env, describeException());
    return nullptr;
  }
}

}  // namespace latentlab
