// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/bitrate_grant.h"

#include <algorithm>

namespace punktfunk::media {

wire::BitrateChanged grant_bitrate(std::uint32_t asked_kbps, BitRate in_force, const BitrateBounds& bounds) {
  using Reason = wire::BitrateReason;
  wire::BitrateChanged answer;
  if (bounds.is_pinned) {
    answer.bitrate_kbps = static_cast<std::uint32_t>(in_force.kbps());
    answer.reason = Reason::pinned;
    return answer;
  }
  const auto most = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(bounds.most.kbps(), kLowestBudget.kbps(), UINT32_MAX));
  answer.bitrate_kbps = std::clamp(asked_kbps, static_cast<std::uint32_t>(kLowestBudget.kbps()), most);
  answer.reason = answer.bitrate_kbps == asked_kbps ? Reason::granted : Reason::encoder_limit;
  if (bounds.cadence && bounds.cadence->kbps() < answer.bitrate_kbps) {
    answer.bitrate_kbps = static_cast<std::uint32_t>(bounds.cadence->kbps());
    answer.reason = Reason::cadence;
  }
  return answer;
}

}  // namespace punktfunk::media
