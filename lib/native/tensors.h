// What JavaScript asks of a tensor, and its handles' life.
#pragma once
#include "handles.h"

namespace latentlab {

/** `shape(tensor)` */
inline napi_value shapeOf(napi_env env, const Arguments& arguments) {
  return fromItems(env, toTensor(env, arguments[0]).sizes(),
                   [env](int64_t size) { return fromNumber(env, static_cast<double>(size)); });
}

/** `type(tensor)` */
inline napi_value typeOfTensor(napi_env env, const Arguments& arguments) {
  return fromNumber(env, static_cast<double>(toTensor(env, arguments[0]).scalar_type()));
}

/** `device(tensor)` */
inline napi_value deviceOf(napi_env env, const Arguments& arguments) {
  return fromString(env, deviceName(toTensor(env, arguments[0]).device().type()));
}

/** `alias(tensor)` */
inline napi_value alias(napi_env env, const Arguments& arguments) {
  return fromTensor(env, toTensor(env, arguments[0]));
}

/** `detach(tensor)` */
inline napi_value detach(napi_env env, const Arguments& arguments) {
  return fromTensor(env, toTensor(env, arguments[0]).detach());
}

/** `free(tensors)`: all of them or, where one is no handle, none. */
inline napi_value freeTensors(napi_env env, const Arguments& arguments) {
  if (!isArray(env, arguments[0])) {
    handles().free(arguments.number(0));
    return undefined(env);
  }
  const std::vector<double> freed = toVector(env, arguments[0], toNumber);
  for (const double handle : freed) handles().checkPlausible(handle);
  for (const double handle : freed) handles().free(handle);
  return undefined(env);
}

/** `describe(tensor)` */
inline napi_value describe(napi_env env, const Arguments& arguments) {
  const double handle = arguments.number(0);
  return fromString(env, handle == HandleTable::none ? "no tensor" : handles().describe(handle));
}

/** `handleCount()` */
inline napi_value handleCount(napi_env env, const Arguments&) {
  return fromNumber(env, static_cast<double>(handles().live()));
}

}  // namespace latentlab
