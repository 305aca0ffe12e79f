// SPDX-License-Identifier: MIT OR Apache-2.0
// Byte spans and fixed-endian loads and stores. Everything that touches wire bytes goes through these.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace punktfunk {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// The caller guarantees sizeof(T) readable or writable bytes at `at`. Compilers fold these loops into
// a single (byte-swapped) move.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_le(const std::uint8_t* at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | static_cast<T>(T{at[i]} << (8 * i)));
  return value;
}

template <std::unsigned_integral T>
constexpr void store_le(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <std::unsigned_integral T>
constexpr void store_be(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    at[sizeof(T) - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <std::unsigned_integral T>
void append_le(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  store_le(out.data() + at, value);
}

inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Lower-case, no separators.
[[nodiscard]] std::string to_hex(ByteView bytes);

// Accepts upper and lower case; nullopt on an odd length or a character that is no hex digit.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

// Takes time that depends only on the lengths. Different lengths compare unequal.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);

}  // namespace punktfunk
