// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/feedback_window.h"

#include <algorithm>
#include <limits>

namespace punktfunk::media {

namespace {

std::uint32_t difference(std::uint64_t now, std::uint64_t before) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(now - before, std::numeric_limits<std::uint32_t>::max()));
}

std::optional<std::uint32_t> unless_zero(std::uint32_t value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace

std::uint32_t loss_ppm(std::uint64_t received, std::uint64_t recovered, std::uint64_t late) {
  if (recovered <= late) return 0;
  const std::uint64_t lost = recovered - late;
  // lost ≤ received in practice; in double so that nothing overflows whatever the counts.
  const double ppm =
      1e6 * static_cast<double>(lost) / (static_cast<double>(received) + static_cast<double>(lost));
  return static_cast<std::uint32_t>(std::min(ppm, 1e6));
}

bool FeedbackWindow::update(const MediaReceiver::Stats& stats, std::uint64_t client_drops, TimePoint now) {
  if (now < due()) return false;
  Closed closed;
  closed.number = closed_ ? closed_->number + 1 : 1;
  closed.loss_ppm = media::loss_ppm(stats.packets_received - before_.packets_received,
                                    stats.recovered_shards - before_.recovered_shards,
                                    stats.late_shards - before_.late_shards);
  closed.packets_received = stats.packets_received;
  closed.head = difference(stats.lost_head, before_.lost_head);
  closed.mid = difference(stats.lost_mid, before_.lost_mid);
  closed.tail = difference(stats.lost_tail, before_.lost_tail);
  closed.client_drops = difference(client_drops, drops_before_);
  closed_ = closed;
  before_ = stats;
  drops_before_ = client_drops;
  // Keeps its beat; after a stall of the caller it starts over instead of closing several windows in a row.
  opened_ = now - due() < kLength ? due() : now;
  return true;
}

void FeedbackWindow::write(wire::Feedback& out) const {
  if (!closed_) return;
  out.window = closed_->number;
  out.loss_ppm = closed_->loss_ppm;
  out.packets = closed_->packets_received;
  out.lost_head = unless_zero(closed_->head);
  out.lost_mid = unless_zero(closed_->mid);
  out.lost_tail = unless_zero(closed_->tail);
  out.dropped = unless_zero(closed_->client_drops);
}

}  // namespace punktfunk::media
