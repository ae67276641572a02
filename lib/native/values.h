// JavaScript's values in C++ and back. Conversions are strict: a wrong type is an error and never a silent 0.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "errors.h"

namespace latentlab {

/** A call of Node-API that can only fail where its arguments are not what the caller said. */
inline void check(napi_status status, const char* expected) {
  if (status != napi_ok) fail(std::string(expected) + " was expected.");
}

inline napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type;
}

inline bool isNone(napi_env env, napi_value value) {
  const napi_valuetype type = typeOf(env, value);
  return type == napi_undefined || type == napi_null;
}

inline bool isArray(napi_env env, napi_value value) {
  bool is = false;
  napi_is_array(env, value, &is);
  return is;
}

inline double toNumber(napi_env env, napi_value value) {
  double number = 0;
  check(napi_get_value_double(env, value, &number), "A number");
  return number;
}

/** Integers that a JavaScript number holds exactly. */
constexpr double largestInteger = 9007199254740991.0;

inline bool isInteger(double number) { return std::abs(number) <= largestInteger && number == std::floor(number); }

inline int64_t toInteger(napi_env env, napi_value value) {
  const double number = toNumber(env, value);
  if (!isInteger(number)) fail("An integer was expected, not " + std::to_string(number) + ".");
  return static_cast<int64_t>(number);
}

inline bool toBoolean(napi_env env, napi_value value) {
  bool boolean = false;
  check(napi_get_value_bool(env, value, &boolean), "A boolean");
  return boolean;
}

inline std::string toString(napi_env env, napi_value value) {
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "A string");
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), "A string");
  return text;
}

inline uint32_t arrayLength(napi_env env, napi_value value) {
  uint32_t length = 0;
  check(napi_get_array_length(env, value, &length), "An array");
  return length;
}

/** `convert(env, element)` for each element of an array. */
template <class Convert>
auto toVector(napi_env env, napi_value array, Convert&& convert) {
  std::vector<decltype(convert(env, array))> result;
  const uint32_t length = arrayLength(env, array);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    check(napi_get_element(env, array, i, &element), "An array's element");
    result.push_back(convert(env, element));
  }
  return result;
}

inline std::vector<int64_t> toIntegers(napi_env env, napi_value array) { return toVector(env, array, toInteger); }

inline napi_value undefined(napi_env env) {
  napi_value value;
  napi_get_undefined(env, &value);
  return value;
}

inline napi_value fromNumber(napi_env env, double number) {
  napi_value value;
  check(napi_create_double(env, number, &value), "Memory for a number");
  return value;
}

inline napi_value fromBoolean(napi_env env, bool boolean) {
  napi_value value;
  napi_get_boolean(env, boolean, &value);
  return value;
}

inline napi_value fromString(napi_env env, const std::string& text) {
  napi_value value;
  check(napi_create_string_utf8(env, text.data(), text.size(), &value), "Memory for a string");
  return value;
}

/** A JavaScript array of `convert(item)` for each item. */
template <class Items, class Convert>
napi_value fromItems(napi_env env, const Items& items, Convert&& convert) {
  napi_value array;
  check(napi_create_array_with_length(env, items.size(), &array), "Memory for an array");
  uint32_t i = 0;
  for (const auto& item : items) check(napi_set_element(env, array, i++, convert(item)), "An array");
  return array;
}

inline void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value), "An object");
}

/** The arguments of a call from JavaScript; those left out are `undefined`. */
class Arguments {
 public:
  static constexpr size_t most = 48;  // the longest schema of torch has 30

  Arguments(napi_env env, napi_callback_info info) : env_(env), count_(most) {
    check(napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr), "A call");
    if (count_ > most) fail("A call has " + std::to_string(count_) + " arguments; at most " +
                            std::to_string(most) + " are possible.");
  }

  size_t count() const { return count_; }
  napi_value operator[](size_t i) const { return values_[i]; }
  double number(size_t i) const { return toNumber(env_, values_[i]); }
  int64_t integer(size_t i) const { return toInteger(env_, values_[i]); }
  bool boolean(size_t i) const { return toBoolean(env_, values_[i]); }
  std::string string(size_t i) const { return toString(env_, values_[i]); }

 private:
  napi_env env_;
  size_t count_;
  napi_value values_[most];
};

}  // namespace latentlab
