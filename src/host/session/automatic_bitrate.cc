// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/automatic_bitrate.h"

#include <algorithm>

namespace punktfunk::host {

BitRate automatic_bitrate(const wire::Mode& mode) {
  const double pixels_per_second = static_cast<double>(mode.width) * mode.height * mode.refresh_hz;
  return {static_cast<std::uint64_t>(std::clamp(pixels_per_second * 0.18, 2e6, 100e6))};
}

BitRate budget_after_mode_change(BitRate in_force, const wire::Mode& from, const wire::Mode& to) {
  const BitRate deserved = automatic_bitrate(to);
  // Messages carry whole kbit/s, and clients do not ask for the last few per cent.
  const bool link_is_limit = in_force.bits_per_second < automatic_bitrate(from).bits_per_second / 20 * 19;
  return link_is_limit ? std::min(in_force, deserved) : deserved;
}

}  // namespace punktfunk::host
