// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <memory>

namespace punktfunk::host {

// Owns a libwayland object; `Destroy` is the function that ends it.
template <class T, auto Destroy>
struct WaylandDeleter {
  void operator()(T* object) const { Destroy(object); }
};
template <class T, auto Destroy>
using WaylandPointer = std::unique_ptr<T, WaylandDeleter<T, Destroy>>;

}  // namespace punktfunk::host
