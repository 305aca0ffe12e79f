// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace punktfunk::client {

// CICP code points (ITU-T H.273), as in the protocol's 4-byte colour field.
struct ColourDescription {
  std::uint8_t primaries = 1;
  std::uint8_t transfer = 1;
  std::uint8_t matrix = 1;
  bool full_range = false;
  bool operator==(const ColourDescription&) const = default;
};

// A decoded I420 picture: a cheap copy that shares the decoder's memory, which lives until the last copy is
// gone. Immutable; copies may be used from different threads.
struct Picture {
  std::array<const std::uint8_t*, 3> planes{};  // Y, U, V at the first visible sample
  std::array<std::size_t, 3> strides{};         // bytes
  std::uint32_t width = 0;                      // visible luma samples; chroma planes are half, rounded up
  std::uint32_t height = 0;
  ColourDescription colour;
  std::shared_ptr<const void> memory;

  [[nodiscard]] bool empty() const { return planes[0] == nullptr; }
};

}  // namespace punktfunk::client
