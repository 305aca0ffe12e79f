// SPDX-License-Identifier: MIT OR Apache-2.0
// The rules of section 13.5 that one packet must satisfy by itself, before anything is looked up or allocated
// for it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/fec/parity.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

// Fixed at session start.
struct HeaderLimits {
  fec::Scheme scheme = fec::Scheme::gf16;
  std::uint32_t max_data_per_block = 4096;
  std::uint64_t max_frame_bytes = 8u << 20u;
};

// `shard_bytes`: already known to be even and 512 … 9170.
[[nodiscard]] bool is_within_limits(const wire::MediaHeader& header, std::size_t shard_bytes,
                                    const HeaderLimits& limits);

}  // namespace punktfunk::media
