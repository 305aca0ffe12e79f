// SPDX-License-Identifier: MIT OR Apache-2.0
// QUIC variable-length integers (RFC 9000 section 16; protocol section 5.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

// The largest number a varint holds: 62 bits.
inline constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 62) - 1;

struct VarintResult {
  std::uint64_t value;
  std::size_t length;  // bytes consumed: 1, 2, 4 or 8
};

// Writes the shortest form. Asserts value <= kMaxVarint, since only our own code chooses it.
void append_varint(Bytes& out, std::uint64_t value);

// Accepts any form, also a longer one than needed. nullopt: more bytes are needed.
[[nodiscard]] std::optional<VarintResult> read_varint(ByteView bytes);

}  // namespace punktfunk::wire
