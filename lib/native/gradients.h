// torch's autograd and mixed precision.
#pragma once
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "data.h"

namespace latentlab {

/** `recordGradients(on)`: how it was. */
inline napi_value recordGradients(napi_env env, const Arguments& arguments) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(arguments.boolean(0));
  return fromBoolean(env, before);
}

/** `requireGradient(tensor)` */
inline napi_value requireGradient(napi_env env, const Arguments& arguments) {
  const at::Tensor tensor = toTensor(env, arguments[0]);
  tensor.set_requires_grad(true);
  return undefined(env);
}

/**
 * The gradient with the strides of its input. The fused optimisers walk through parameter, gradient and moments as
 * plain memory, and a gradient may come in another order (channels last), or expanded from one number.
 */
inline at::Tensor withStridesOf(const at::Tensor& input, const at::Tensor& gradient) {
  if (!gradient.defined() || gradient.strides().equals(input.strides())) return gradient;
  at::Tensor copy = at::empty_like(input, input.options().requires_grad(false).dtype(gradient.scalar_type()));
  copy.copy_(gradient);
  return copy;
}

/** `gradients(value, inputs, createGraph)` */
inline napi_value gradients(napi_env env, const Arguments& arguments) {
  const at::Tensor value = toTensor(env, arguments[0]);
  const std::vector<at::Tensor> inputs =
      toVector(env, arguments[1], [](napi_env env, napi_value v) { return at::Tensor(toTensor(env, v)); });
  const bool createGraph = arguments.boolean(2);
  std::vector<at::Tensor> gradients(inputs.size());
  // A constant has no history to walk through: torch calls that an error, here its gradients are none.
  if (value.requires_grad() && !inputs.empty()) {
    gradients = torch::autograd::grad({value}, inputs, /*grad_outputs=*/{}, /*retain_graph=*/createGraph, createGraph,
                                      /*allow_unused=*/true);
    const at::AutoGradMode mode(createGraph);
    for (size_t i = 0; i < inputs.size(); i++) gradients[i] = withStridesOf(inputs[i], gradients[i]);
  }
  return fromItems(env, gradients, [env](const at::Tensor& gradient) { return fromTensor(env, gradient); });
}

/**
 * `autocast(device, type)`. torch keeps the parameters' copies in `type` until the end; they are dropped at the start,
 * too, so that none is older than the last update of the parameters.
 */
inline napi_value autocast(napi_env env, const Arguments& arguments) {
  const c10::DeviceType device = toDevice(env, arguments[0]);
  const bool on = !isNone(env, arguments[1]);
  if (on) {
    const at::ScalarType type = toScalarType(env, arguments[1]);
    if (type != at::kBFloat16 && type != at::kHalf)
      fail(std::string("Mixed precision is bfloat16 or float16, not ") + typeName(type) + ".");
    at::autocast::set_autocast_dtype(device, type);
  }
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device, on);
  return undefined(env);
}

}  // namespace latentlab
