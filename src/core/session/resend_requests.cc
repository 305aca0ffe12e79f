// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/resend_requests.h"

#include <algorithm>

#include "core/wire/feedback.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

namespace {

// The host answers between two frames, and paces what it sends.
constexpr Duration kHostTime = std::chrono::milliseconds(5);
// The largest size of late shrinks by this for each frame: by half in a quarter of a second at 60 Hz.
constexpr double kForget = 0.955;
// The smallest shard that a host uses on a usual path.
constexpr double kShardBytes = wire::kDefaultShardIpv6;

}  // namespace

// From one try to the next: a round trip that takes a quarter longer than usual.
Duration ResendRequests::patience() const { return *rtt_ + *rtt_ / 4 + kHostTime; }

const ResendRequests::Tried* ResendRequests::find(std::uint32_t frame) const {
  const auto at =
      std::find_if(tried_.begin(), tried_.end(), [&](const Tried& one) { return one.frame == frame; });
  return at == tried_.end() ? nullptr : &*at;
}

void ResendRequests::look(const std::vector<Reassembler::Hole>& holes, bool broken, TimePoint now,
                          std::vector<Request>& out) {
  deadline_.reset();
  if (!rtt_ || *rtt_ > kLongestPath || is_resting(now)) return;
  for (const Reassembler::Hole& hole : holes) {
    constexpr unsigned kHeals = wire::kFlagKeyframe | wire::kFlagRecoveryAnchor;
    if (broken && (hole.flags & kHeals) == 0) continue;
    if (now + *rtt_ > hole.overtaken + Reassembler::kMaxAge) continue;
    auto tried =
        std::find_if(tried_.begin(), tried_.end(), [&](const Tried& one) { return one.frame == hole.frame; });
    if (tried == tried_.end()) {
      if (tried_.size() == Reassembler::kWindow) tried_.erase(tried_.begin());
      tried = tried_.insert(tried_.end(), Tried{hole.frame, 0, now});
    }
    if (tried->tries < kMostTries && now >= tried->next) {
      ++tried->tries;
      tried->next = now + patience();
      const bool is_guess = hole.needed == 0;
      const auto guess = static_cast<std::size_t>(usual_bytes_ / kShardBytes) + 1;
      const std::size_t wanted = std::min(is_guess ? guess : hole.shards.size(), kMostShards);
      for (std::size_t at = 0; at < wanted; ++at) {
        if (at % wire::kMaxResendShards == 0) out.push_back({hole.frame, {}});
        out.back().shards.push_back(is_guess ? static_cast<std::uint16_t>(at) : hole.shards[at]);
      }
      shards_asked_ += wanted;
    }
    if (tried->next > now) deadline_ = std::min(deadline_.value_or(tried->next), tried->next);
  }
}

void ResendRequests::set_usual_bytes(std::size_t bytes) {
  usual_bytes_ = std::max(static_cast<double>(bytes), usual_bytes_ * kForget);
}

bool ResendRequests::is_hopeful(const Reassembler::Hole& hole, TimePoint now) const {
  if (!rtt_ || *rtt_ > kLongestPath || is_resting(now) || hole.shards.size() > kMostShards) return false;
  const Tried* tried = find(hole.frame);
  if (tried == nullptr || tried->tries == 0) return false;
  // Two tries, of which the second is for what got lost on the way of the first.
  return now < hole.overtaken + Reassembler::kReorderGrace + 2 * patience();
}

void ResendRequests::on_frame_done(std::uint32_t frame, bool complete, TimePoint now) {
  const Tried* tried = find(frame);
  if (tried == nullptr || tried->tries == 0) return;
  tried_.erase(tried_.begin() + (tried - tried_.data()));
  if (complete) {
    ++frames_healed_;
    futile_ = 0;
  } else if (++futile_ >= kFutile) {
    futile_ = 0;
    rest_until_ = now + kRest;
  }
}

}  // namespace punktfunk::media
