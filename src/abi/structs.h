// SPDX-License-Identifier: MIT OR Apache-2.0
// Structs that cross the boundary: read and written by the size their owner says they have, so that both
// sides may know a different number of fields.
#pragma once

#include <punktfunk_core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "abi/failure.h"

namespace punktfunk::abi {

// The size of the struct in the first version that had it: smaller ones never existed. tests/abi pins them.
template <class T>
inline constexpr std::uint32_t kFirstSize = static_cast<std::uint32_t>(sizeof(T));

// The caller's object may be smaller than T is here, so nothing but its bytes may be touched.
template <class T>
[[nodiscard]] std::uint32_t size_of(const T* given) noexcept {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  std::uint32_t size = 0;
  std::memcpy(&size, static_cast<const void*>(given), sizeof size);
  return size;
}

// For structs that the library fills: before the work, so that nothing is lost in between.
template <class T>
[[nodiscard]] punktfunk_result check_struct(const T* given,
                                            std::uint32_t first_size = kFirstSize<T>) noexcept {
  if (given == nullptr) return bad_argument("A struct is missing: NULL was given.");
  if (size_of(given) < first_size) return failed(PUNKTFUNK_ERROR_STRUCT_SIZE);
  return PUNKTFUNK_OK;
}

// Fields that `given` does not have are zero in `out`; those that this library does not know are not read.
template <class T>
[[nodiscard]] punktfunk_result read_struct(const T* given, T& out,
                                           std::uint32_t first_size = kFirstSize<T>) noexcept {
  if (const auto rc = check_struct(given, first_size); rc != PUNKTFUNK_OK) return rc;
  std::memset(&out, 0, sizeof out);
  std::memcpy(&out, static_cast<const void*>(given), std::min<std::size_t>(size_of(given), sizeof out));
  return PUNKTFUNK_OK;
}

// Writes what both sides know and leaves struct_size as the caller set it. After check_struct().
template <class T>
void write_struct(T value, T* out) noexcept {
  value.struct_size = size_of(out);
  std::memcpy(static_cast<void*>(out), &value, std::min<std::size_t>(value.struct_size, sizeof value));
}

// A text of at most `most_bytes`, not read beyond; `fallback` for NULL. False: too long.
[[nodiscard]] inline bool read_text(const char* given, std::size_t most_bytes, std::string_view fallback,
                                    std::string& out) {
  if (given == nullptr) {
    out = fallback;
    return true;
  }
  const std::size_t length = ::strnlen(given, most_bytes + 1);
  out.assign(given, std::min(length, most_bytes));
  return length <= most_bytes;
}

// `value`, or what 0 stands for.
template <class T>
[[nodiscard]] constexpr T or_default(T value, T if_zero) {
  return value != 0 ? value : if_zero;
}

}  // namespace punktfunk::abi
