// Arguments by an operator's schema: JavaScript's values into torch's IValues, and results back.
#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>

#include "handles.h"

namespace latentlab {

enum class Kind : uint8_t {
  tensor, tensors, optionalTensors,
  integer, integers,
  real, reals,
  boolean, booleans,
  scalar, scalars,
  string, device,
  type, layout, memoryFormat,  // integers with few values: torch itself would index arrays with a wrong one
  unsupported,
};

/** One parameter of a schema, in the form that calls need. */
struct Parameter {
  std::string name;
  Kind kind;
  bool optional;             // "Tensor? bias"
  int32_t fixedLength;       // "int[2] stride": one number stands for so many; 0 without
  std::optional<c10::IValue> standard;  // its default
};

inline Kind kindOf(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return Kind::tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Kind::integer;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType: return Kind::real;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType: return Kind::boolean;
    case c10::TypeKind::NumberType: return Kind::scalar;
    case c10::TypeKind::StringType: return Kind::string;
    case c10::TypeKind::DeviceObjType: return Kind::device;
    case c10::TypeKind::ScalarTypeType: return Kind::type;
    case c10::TypeKind::LayoutType: return Kind::layout;
    case c10::TypeKind::MemoryFormatType: return Kind::memoryFormat;
    case c10::TypeKind::ListType: {
      const c10::TypePtr element = type->castRaw<c10::ListType>()->getElementType();
      if (element->kind() == c10::TypeKind::OptionalType) {
        const bool tensor = kindOf(element->castRaw<c10::OptionalType>()->getElementType()) == Kind::tensor;
        return tensor ? Kind::optionalTensors : Kind::unsupported;
      }
      switch (kindOf(element)) {
        case Kind::tensor: return Kind::tensors;
        case Kind::integer: return Kind::integers;
        case Kind::real: return Kind::reals;
        case Kind::boolean: return Kind::booleans;
        case Kind::scalar: return Kind::scalars;
        default: return Kind::unsupported;
      }
    }
    default: return Kind::unsupported;
  }
}

inline Parameter parseParameter(const c10::Argument& argument) {
  // The real type: the other one says "int" where the schema has "ScalarType".
  c10::TypePtr type = argument.real_type();
  const bool optional = type->kind() == c10::TypeKind::OptionalType;
  if (optional) type = type->castRaw<c10::OptionalType>()->getElementType();
  return {argument.name(), kindOf(type), optional, argument.N().value_or(0), argument.default_value()};
}

/** Whole numbers as integers, because torch gives an integer tensor plus 2 another type than plus 2.0. */
inline at::Scalar toScalar(napi_env env, napi_value value) {
  if (typeOf(env, value) == napi_boolean) return toBoolean(env, value);
  const double number = toNumber(env, value);
  const bool minusZero = number == 0 && std::signbit(number);
  if (isInteger(number) && !minusZero) return static_cast<int64_t>(number);
  return number;
}

/** An integer in `[0, limit)`. */
inline int64_t toEnum(napi_env env, napi_value value, int64_t limit, const char* what) {
  const int64_t number = toInteger(env, value);
  if (number < 0 || number >= limit) fail("There is no " + std::string(what) + " " + std::to_string(number) + ".");
  return number;
}

template <class Element, class Convert>
c10::List<Element> toList(napi_env env, napi_value value, Convert&& convert) {
  c10::List<Element> list;
  for (auto&& element : toVector(env, value, convert)) list.push_back(element);
  return list;
}

inline std::optional<at::Tensor> toOptionalTensor(napi_env env, napi_value value) {
  if (isNone(env, value)) return std::nullopt;
  const double handle = toNumber(env, value);
  if (handle == HandleTable::none) return std::nullopt;
  return handles().get(handle);
}

inline c10::IValue toArgument(napi_env env, const Parameter& parameter, napi_value value) {
  switch (parameter.kind) {
    case Kind::tensor: {
      if (!parameter.optional) return toTensor(env, value);
      const std::optional<at::Tensor> tensor = toOptionalTensor(env, value);
      return tensor ? c10::IValue(*tensor) : c10::IValue();
    }
    case Kind::tensors:
      return toList<at::Tensor>(env, value, [](napi_env env, napi_value v) { return at::Tensor(toTensor(env, v)); });
    case Kind::optionalTensors: return toList<std::optional<at::Tensor>>(env, value, toOptionalTensor);
    case Kind::integer: return toInteger(env, value);
    case Kind::integers:
      if (parameter.fixedLength > 0 && !isArray(env, value))
        return std::vector<int64_t>(parameter.fixedLength, toInteger(env, value));
      return toIntegers(env, value);
    case Kind::real: return toNumber(env, value);
    case Kind::reals: return toVector(env, value, toNumber);
    case Kind::boolean: return toBoolean(env, value);
    case Kind::booleans: return toList<bool>(env, value, toBoolean);
    case Kind::scalar: return toScalar(env, value);
    case Kind::scalars: return toList<at::Scalar>(env, value, toScalar);
    case Kind::string: return toString(env, value);
    case Kind::device: return c10::Device(toString(env, value));
    case Kind::type: return toEnum(env, value, static_cast<int64_t>(c10::ScalarType::NumOptions), "type");
    case Kind::layout: return toEnum(env, value, static_cast<int64_t>(c10::Layout::NumOptions), "layout");
    case Kind::memoryFormat:
      return toEnum(env, value, static_cast<int64_t>(c10::MemoryFormat::NumOptions), "memory format");
    case Kind::unsupported: break;
  }
  fail("Values of its type cannot be given from JavaScript.");
}

inline napi_value fromResult(napi_env env, c10::IValue value) {
  if (value.isTensor()) return fromTensor(env, std::move(value).toTensor());
  if (value.isNone()) return undefined(env);
  if (value.isInt()) return fromNumber(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return fromNumber(env, value.toDouble());
  if (value.isBool()) return fromBoolean(env, value.toBool());
  if (value.isScalar()) return fromNumber(env, value.toScalar().toDouble());
  if (value.isString()) return fromString(env, value.toStringRef());
  if (value.isList()) {
    const c10::List<c10::IValue> items = value.toList();
    return fromItems(env, items, [env](const c10::IValue& item) { return fromResult(env, item); });
  }
  fail("Its result, " + std::string(value.tagKind()) + ", has no form in JavaScript.");
}

}  // namespace latentlab
