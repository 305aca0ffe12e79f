// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <punktfunk_core.h>

#include <cstdint>

namespace punktfunk::abi {

// Longest wait for what has to come; only a failure takes it.
inline constexpr std::int32_t kPatienceMs = 10'000;

// A struct of the C ABI, initialised as a caller has to.
template <class Struct>
Struct make() {
  Struct made;
  PUNKTFUNK_INIT(&made);
  return made;
}

}  // namespace punktfunk::abi
