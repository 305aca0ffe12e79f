// SPDX-License-Identifier: MIT OR Apache-2.0
// Access units without a picture. The host's synthetic source fills them, the probe's --verify recomputes
// them from the seed and the index, so that a single wrong byte anywhere between is seen.
//
//   0  8 bytes  "PFSYNTH1"
//   8  u32 LE   index
//  12  u32 LE   length of the whole unit in bytes, these 16 included
//  16  …        pseudo-random from (seed, index, length)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace punktfunk {

inline constexpr std::size_t kSyntheticHeaderBytes = 16;
inline constexpr std::array<std::uint8_t, 8> kSyntheticMagic = {'P', 'F', 'S', 'Y', 'N', 'T', 'H', '1'};

namespace synthetic_detail {

// splitmix64: one multiplication chain per 8 bytes and no carried state, so the compiler can overlap them.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

[[nodiscard]] inline std::uint64_t start(std::uint64_t seed, std::uint32_t index, std::size_t length) {
  return mix(mix(seed ^ (std::uint64_t{index} << 32)) ^ length);
}

}  // namespace synthetic_detail

// Fills the whole of `out`. A span shorter than the header gets as much of the header as fits;
// check_synthetic() refuses such a unit.
inline void fill_synthetic(MutableBytes out, std::uint64_t seed, std::uint32_t index) {
  std::array<std::uint8_t, kSyntheticHeaderBytes> header{};
  std::copy(kSyntheticMagic.begin(), kSyntheticMagic.end(), header.begin());
  store_le(header.data() + 8, index);
  store_le(header.data() + 12, static_cast<std::uint32_t>(out.size()));
  std::copy_n(header.begin(), std::min(out.size(), header.size()), out.begin());
  std::uint64_t counter = synthetic_detail::start(seed, index, out.size());
  std::size_t at = kSyntheticHeaderBytes;
  for (; at + 8 <= out.size(); at += 8) store_le(out.data() + at, synthetic_detail::mix(counter++));
  if (at >= out.size()) return;
  std::array<std::uint8_t, 8> last;
  store_le(last.data(), synthetic_detail::mix(counter));
  std::copy_n(last.begin(), out.size() - at, out.data() + at);
}

enum class SyntheticCheck {
  good,
  not_synthetic,  // too short, or the magic is missing
  wrong_index,    // another frame's unit
  wrong_length,   // cut off, padded or glued together
  wrong_bytes,    // header right, body not
};

[[nodiscard]] inline SyntheticCheck check_synthetic(ByteView unit, std::uint64_t seed, std::uint32_t index) {
  if (unit.size() < kSyntheticHeaderBytes ||
      !std::equal(kSyntheticMagic.begin(), kSyntheticMagic.end(), unit.begin()))
    return SyntheticCheck::not_synthetic;
  if (load_le<std::uint32_t>(unit.data() + 8) != index) return SyntheticCheck::wrong_index;
  if (load_le<std::uint32_t>(unit.data() + 12) != unit.size()) return SyntheticCheck::wrong_length;
  std::uint64_t counter = synthetic_detail::start(seed, index, unit.size());
  std::size_t at = kSyntheticHeaderBytes;
  for (; at + 8 <= unit.size(); at += 8)
    if (load_le<std::uint64_t>(unit.data() + at) != synthetic_detail::mix(counter++))
      return SyntheticCheck::wrong_bytes;
  if (at < unit.size()) {
    std::array<std::uint8_t, 8> last;
    store_le(last.data(), synthetic_detail::mix(counter));
    if (std::memcmp(last.data(), unit.data() + at, unit.size() - at) != 0) return SyntheticCheck::wrong_bytes;
  }
  return SyntheticCheck::good;
}

// The index a synthetic unit says it has; meaningless unless check_synthetic() accepts the unit with it.
[[nodiscard]] inline std::uint32_t synthetic_index(ByteView unit) {
  return unit.size() < kSyntheticHeaderBytes ? 0 : load_le<std::uint32_t>(unit.data() + 8);
}

}  // namespace punktfunk
