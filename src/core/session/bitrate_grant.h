// SPDX-License-Identifier: MIT OR Apache-2.0
// The host's answer to a bitrate that the client asks for: section 18.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/wire/session_messages.h"

namespace punktfunk::media {

// Section 18: no request goes below this.
inline constexpr BitRate kLowestBudget = BitRate::from_kbps(500);

struct BitrateBounds {
  BitRate most;            // the host's own
  bool is_pinned = false;  // the client asked for a fixed rate, or the operator set one
  std::optional<BitRate> cadence = std::nullopt;  // more takes the host longer than it has: CadenceWatch
};

// What is in force after the client asked for `asked_kbps` while `in_force` was: granted within the bounds,
// encoder_limit or cadence where they cut, pinned where nothing moves.
[[nodiscard]] wire::BitrateChanged grant_bitrate(std::uint32_t asked_kbps, BitRate in_force,
                                                 const BitrateBounds& bounds);

}  // namespace punktfunk::media
