// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/reconnect.h"

#include <algorithm>

namespace punktfunk::client {

void ReconnectPolicy::on_connected() {
  was_connected_ = true;
  lost_at_.reset();
}

std::optional<Duration> ReconnectPolicy::on_ended(const endpoint::ClientEnd& end, TimePoint now) {
  // What never worked is for the user to look at: a wrong address does not become right.
  if (!settings_.enabled || !was_connected_ || !may_pass(end)) return std::nullopt;
  if (!lost_at_) {
    lost_at_ = now;
    next_wait_ = settings_.first_wait;
  }
  const Duration wait = next_wait_;
  if (settings_.give_up_after > Duration::zero() && now + wait - *lost_at_ > settings_.give_up_after)
    return std::nullopt;
  next_wait_ = std::min(settings_.longest_wait, 2 * next_wait_);
  return wait;
}

bool ReconnectPolicy::may_pass(const endpoint::ClientEnd& end) {
  using endpoint::EndKind;
  using wire::CloseCode;
  switch (end.kind) {
    case EndKind::connection_lost:
    case EndKind::timed_out:
      return true;
    case EndKind::refused:
      // Section 26: what a host says that will be there again, or that another try may get past. Busy belongs
      // to them here, since this device had a session: its own old one may be what is still being cleared
      // away.
      return end.code == CloseCode::error || end.code == CloseCode::busy ||
             end.code == CloseCode::host_going_down || end.code == CloseCode::seat_unavailable;
    case EndKind::finished:
    case EndKind::trust_failed:
    case EndKind::pairing_failed:
    case EndKind::protocol_error:
      return false;
  }
  return false;
}

}  // namespace punktfunk::client
