// Any operator of libtorch by its schema, through the dispatcher's boxed calls: no C++ for each of them.
#pragma once
#include <memory>
#include <unordered_map>

#include "arguments.h"

namespace latentlab {

/** A schema is read once, when the operator is looked up. */
struct Operator {
  std::string name;  // "aten::add.Tensor"
  c10::OperatorHandle handle;
  std::vector<Parameter> parameters;
  /** Whether a result is an argument that was written to ("add_", "out="): it has a handle already. */
  std::vector<bool> resultIsArgument;
};

class Operators {
 public:
  size_t find(const std::string& name, const std::string& overload) {
    const std::string fullName = overload.empty() ? name : name + "." + overload;
    const auto known = indexes_.find(fullName);
    if (known != indexes_.end()) return known->second;
    const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!handle) fail(code::noSuchOperator, "torch " TORCH_VERSION " has no operator " + fullName + ".");
    Operator op{fullName, *handle, {}, {}};
    for (const c10::Argument& argument : handle->schema().arguments()) op.parameters.push_back(parseParameter(argument));
    for (const c10::Argument& result : handle->schema().returns())
      op.resultIsArgument.push_back(result.alias_info() && result.alias_info()->isWrite());
    all_.push_back(std::make_unique<Operator>(std::move(op)));
    return indexes_[fullName] = all_.size() - 1;
  }

  const Operator& get(double index) const {
    if (!(index >= 0 && index < static_cast<double>(all_.size()) && isInteger(index)))
      fail("There is no operator with the number " + std::to_string(index) + ".");
    return *all_[static_cast<size_t>(index)];
  }

 private:
  std::vector<std::unique_ptr<Operator>> all_;
  std::unordered_map<std::string, size_t> indexes_;
};

inline Operators& operators() {
  static auto* all = new Operators;
  return *all;
}

/** `op(name, overload)`: its number. */
inline napi_value findOperator(napi_env env, const Arguments& arguments) {
  const std::string overload = isNone(env, arguments[1]) ? "" : arguments.string(1);
  return fromNumber(env, static_cast<double>(operators().find(arguments.string(0), overload)));
}

/** `schema(op)` */
inline napi_value schemaOf(napi_env env, const Arguments& arguments) {
  std::ostringstream text;
  text << operators().get(arguments.number(0)).handle.schema();
  return fromString(env, text.str());
}

/** The arguments in the schema's order: null or nothing is the default, or none where the schema allows that. */
inline torch::jit::Stack buildStack(napi_env env, const Operator& op, const Arguments& arguments) {
  const size_t given = arguments.count() - 1;  // the first is the operator
  const size_t known = op.parameters.size();
  if (given > known)
    fail("it takes " + std::to_string(known) + " arguments and was given " + std::to_string(given) + ".");
  torch::jit::Stack stack;
  stack.reserve(std::max(known, op.resultIsArgument.size()));
  for (size_t i = 0; i < known; i++) {
    const Parameter& parameter = op.parameters[i];
    const bool present = i < given && !isNone(env, arguments[i + 1]);
    // An explicit null is "none" even where the default is something else.
    const bool explicitNone = i < given && parameter.optional && typeOf(env, arguments[i + 1]) == napi_null;
    if (present) {
      try {
        stack.push_back(toArgument(env, parameter, arguments[i + 1]));
      } catch (const AddonError& error) {
        throw AddonError(error.code, "argument \"" + parameter.name + "\": " + error.message);
      }
    } else if (parameter.standard && !explicitNone) {
      stack.push_back(*parameter.standard);
    } else if (parameter.optional) {
      stack.emplace_back();
    } else {
      fail("argument \"" + parameter.name + "\" is missing.");
    }
  }
  return stack;
}

inline napi_value fromStack(napi_env env, const Operator& op, torch::jit::Stack stack) {
  const auto result = [&](size_t i) {
    return op.resultIsArgument[i] ? undefined(env) : fromResult(env, std::move(stack[i]));
  };
  if (stack.empty()) return undefined(env);
  if (stack.size() == 1) return result(0);
  napi_value array;
  check(napi_create_array_with_length(env, stack.size(), &array), "Memory for an array");
  for (size_t i = 0; i < stack.size(); i++) check(napi_set_element(env, array, i, result(i)), "An array");
  return array;
}

/** `call(op, ...arguments)`: its result; an array of them where the schema has several, undefined where none. */
inline napi_value callOperator(napi_env env, const Arguments& arguments) {
  if (arguments.count() == 0) fail("An operator's number was expected.");
  const Operator& op = operators().get(arguments.number(0));
  try {
    torch::jit::Stack stack = buildStack(env, op, arguments);
    op.handle.callBoxed(stack);
    return fromStack(env, op, std::move(stack));
  } catch (...) {
    const Failure failure = describeException();
    throw AddonError(failure.code, op.name + ": " + failure.message);
  }
}

}  // namespace latentlab
