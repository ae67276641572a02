// Tensors as JavaScript sees them: numbers. A handle is a slot's index plus 2^24 times the count of the slot's uses so
// far, so that a handle outlives its tensor only as something that is refused: the next tensor in the slot has another.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <sstream>
#include <vector>

#include "values.h"

namespace latentlab {

/** "float32" and not C++'s "Float". */
inline const char* typeName(at::ScalarType type) {
  switch (type) {
    case at::kByte: return "uint8";
    case at::kChar: return "int8";
    case at::kShort: return "int16";
    case at::kInt: return "int32";
    case at::kLong: return "int64";
    case at::kHalf: return "float16";
    case at::kFloat: return "float32";
    case at::kDouble: return "float64";
    case at::kBool: return "bool";
    case at::kBFloat16: return "bfloat16";
    default: return c10::toString(type);
  }
}

/** "cpu" or "cuda": one GPU is used, so its number says nothing. */
inline std::string deviceName(c10::DeviceType type) { return c10::DeviceTypeName(type, /*lower_case=*/true); }

/** What a tensor was, kept after it has gone. */
struct Description {
  c10::SmallVector<int64_t, 6> shape;
  at::ScalarType type = at::kFloat;
  c10::DeviceType device = c10::DeviceType::CPU;

  static Description of(const at::Tensor& tensor) {
    return {c10::SmallVector<int64_t, 6>(tensor.sizes().begin(), tensor.sizes().end()), tensor.scalar_type(),
            tensor.device().type()};
  }
  std::string text() const {
    std::ostringstream out;
    out << at::IntArrayRef(shape) << " " << typeName(type) << " on " << deviceName(device);
    return out.str();
  }
};

class HandleTable {
 public:
  /** The handle of the undefined tensor, which some operators return in place of one. */
  static constexpr double none = 0;

  double put(at::Tensor tensor) {
    if (!tensor.defined()) return none;
    uint32_t index;
    if (!unused_.empty()) {
      index = unused_.back();
      unused_.pop_back();
    } else {
      if (slots_.size() >= indexLimit) fail(code::outOfMemory, "More than 16 million tensors are alive.");
      index = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    }
    Slot& slot = slots_[index];
    slot.tensor = std::move(tensor);
    live_++;
    return static_cast<double>(index) + static_cast<double>(slot.generation) * indexLimit;
  }

  /** The tensor itself: copy it before anything that may put another one into the table. */
  const at::Tensor& get(double handle) const {
    const Place place = locate(handle);
    const Slot& slot = slots_[place.index];
    if (slot.generation != place.generation)
      fail(code::freed, "A tensor was used after it had been disposed: " + describe(handle) + ".");
    return slot.tensor;
  }

  /** Freeing what is freed already does nothing, as with `dispose`. */
  void free(double handle) {
    if (handle == none) return;
    const Place place = locate(handle);
    Slot& slot = slots_[place.index];
    if (slot.generation != place.generation) return;
    slot.last = Description::of(slot.tensor);
    slot.tensor.reset();
    live_--;
    // A slot that has used up its generations is left alone, so that no handle ever comes twice.
    if (++slot.generation < generationLimit) unused_.push_back(place.index);
  }

  /** Throws where `handle` is no number that this table has ever given out. */
  void checkPlausible(double handle) const {
    if (handle != none) locate(handle);
  }

  std::string describe(double handle) const {
    const Place place = locate(handle);
    const Slot& slot = slots_[place.index];
    if (slot.generation == place.generation) return Description::of(slot.tensor).text();
    if (slot.generation > place.generation + 1) return "a tensor freed long ago, its place used again since";
    return slot.last.text() + ", freed" + (slot.tensor.defined() ? ", its place used again" : "");
  }

  size_t live() const { return live_; }

  /** Frees all tensors; their handles stay refused. */
  void clear() {
    for (uint32_t index = 1; index < slots_.size(); index++) {
      const Slot& slot = slots_[index];
      if (slot.tensor.defined()) free(static_cast<double>(index) + static_cast<double>(slot.generation) * indexLimit);
    }
  }

 private:
  struct Slot {
    at::Tensor tensor;
    uint32_t generation = 0;
    Description last;
  };
  struct Place {
    uint32_t index;
    uint32_t generation;
  };
  static constexpr uint32_t indexLimit = 1u << 24;
  static constexpr uint32_t generationLimit = 1u << 29;  // 24 + 29 bits: what a number holds exactly

  Place locate(double handle) const {
    if (!(handle >= 1 && isInteger(handle))) fail("A tensor's handle was expected, not " + std::to_string(handle) + ".");
    const auto bits = static_cast<uint64_t>(handle);
    const Place place{static_cast<uint32_t>(bits % indexLimit), static_cast<uint32_t>(bits / indexLimit)};
    if (place.index == 0 || place.index >= slots_.size() || place.generation > slots_[place.index].generation ||
        (place.generation == slots_[place.index].generation && !slots_[place.index].tensor.defined()))
      fail("There has never been a tensor with the handle " + std::to_string(bits) + ".");
    return place;
  }

  std::vector<Slot> slots_{1};  // index 0 stays empty, for `none`
  std::vector<uint32_t> unused_;
  size_t live_ = 0;
};

/** One table a process. Never destroyed: tensors must not outlive libtorch's own globals at the process's end. */
inline HandleTable& handles() {
  static auto* table = new HandleTable;
  return *table;
}

inline const at::Tensor& toTensor(napi_env env, napi_value value) { return handles().get(toNumber(env, value)); }

inline napi_value fromTensor(napi_env env, at::Tensor tensor) {
  return fromNumber(env, handles().put(std::move(tensor)));
}

}  // namespace latentlab
