// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/varint.h"

#include <cassert>

namespace punktfunk::wire {

void append_varint(Bytes& out, std::uint64_t value) {
  assert(value <= kMaxVarint);
  // log2 of the length goes into the top two bits of the first byte.
  const unsigned log2_length = value < (1U << 6)    ? 0U
                               : value < (1U << 14) ? 1U
                               : value < (1U << 30) ? 2U
                                                    : 3U;
  const std::size_t length = std::size_t{1} << log2_length;
  const std::size_t at = out.size();
  out.resize(at + length);
  for (std::size_t i = 0; i < length; ++i)
    out[at + length - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
  out[at] = static_cast<std::uint8_t>(out[at] | (log2_length << 6));
}

std::optional<VarintResult> read_varint(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::size_t length = std::size_t{1} << (bytes[0] >> 6);
  if (bytes.size() < length) return std::nullopt;
  std::uint64_t value = bytes[0] & 0x3FU;
  for (std::size_t i = 1; i < length; ++i) value = (value << 8) | bytes[i];
  return VarintResult{value, length};
}

}  // namespace punktfunk::wire
