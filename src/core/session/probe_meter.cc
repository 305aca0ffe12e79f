// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/probe_meter.h"

#include <algorithm>
#include <cmath>

#include "core/wire/sequence.h"

namespace punktfunk::media {

void ProbeMeter::start(const wire::ProbeRequest& asked, TimePoint now) {
  *this = ProbeMeter();
  asked_ = asked.clamped();
  give_up_at_ = now + std::chrono::milliseconds(asked_->duration_ms) + kPatience;
}

void ProbeMeter::on_packet(std::uint32_t frame, std::uint64_t sent_us, std::size_t bytes, TimePoint at,
                           std::uint64_t all_bytes) {
  if (!asked_) return;
  if (packets_++ == 0) {
    first_at_ = at;
    first_sent_us_ = sent_us;
  }
  // What comes in the first instant says nothing about how long it took.
  if (at == first_at_) {
    bytes_at_first_ += bytes;
    all_at_first_ = all_bytes;
  }
  all_at_last_ = all_bytes;
  bytes_ += bytes;
  datagram_bytes_ = bytes;
  last_at_ = at;
  // The time stamp is that of the access unit: only its first packet left then.
  if (newest_unit_ && !wire::is_newer(frame, *newest_unit_)) return;
  newest_unit_ = frame;
  on_delay(sent_us, at);
}

void ProbeMeter::on_delay(std::uint64_t sent_us, TimePoint at) {
  const double t = to_ms(at - first_at_);
  const double since_first_sent =
      static_cast<double>(static_cast<std::int64_t>(sent_us - first_sent_us_)) / 1000;
  const double delay = t - since_first_sent;
  // RFC 3550, section 6.4.1.
  if (units_ > 0) jitter_ += (std::abs(delay - last_delay_) - jitter_) / 16;
  last_delay_ = delay;
  ++units_;
  sum_t_ += t;
  sum_d_ += delay;
  sum_tt_ += t * t;
  sum_td_ += t * delay;
}

void ProbeMeter::on_result(const wire::ProbeResult& result, TimePoint now) {
  if (!asked_ || result_) return;
  result_ = result;
  result_at_ = now;
}

std::optional<TimePoint> ProbeMeter::next_deadline() const {
  if (!asked_) return std::nullopt;
  if (!result_) return give_up_at_;
  if (packets_ >= result_->wire_packets_sent) return result_at_;
  // A host that goes on sending does not keep this open.
  return std::min(std::max(result_at_, last_at_) + kSettle, std::max(result_at_, give_up_at_));
}

std::optional<ProbeFigures> ProbeMeter::poll(TimePoint now) {
  const auto due = next_deadline();
  if (!due || now < *due) return std::nullopt;
  const ProbeFigures done = figures();
  asked_.reset();
  return done;
}

ProbeFigures ProbeMeter::figures() const {
  ProbeFigures figures;
  figures.asked = *asked_;
  if (!result_) {
    figures.outcome = ProbeFigures::Outcome::unanswered;
    return figures;
  }
  if (*result_ == wire::ProbeResult{}) {
    figures.outcome = ProbeFigures::Outcome::declined;
    return figures;
  }
  figures.packets_sent = result_->wire_packets_sent;
  figures.packets_received = packets_;
  figures.send_dropped = result_->send_dropped;
  if (figures.packets_sent > 0) {
    const double arrived = static_cast<double>(packets_) / static_cast<double>(figures.packets_sent);
    figures.loss = std::max(0.0, 1 - arrived);
  }
  if (result_->duration_ms > 0) {
    figures.sent = {static_cast<std::uint64_t>(static_cast<double>(figures.packets_sent) *
                                               static_cast<double>(datagram_bytes_) * 8e3 /
                                               result_->duration_ms)};
  }
  const double seconds = to_seconds(last_at_ - first_at_);
  if (seconds > 0) {
    const auto rate = [seconds](std::uint64_t bytes) {
      return BitRate{static_cast<std::uint64_t>(static_cast<double>(bytes) * 8 / seconds)};
    };
    figures.received = rate(bytes_ - bytes_at_first_);
    figures.all_received = rate(all_at_last_ - all_at_first_);
  }
  figures.jitter = Duration(static_cast<std::int64_t>(jitter_ * 1e6));
  const double spread = units_ * sum_tt_ - sum_t_ * sum_t_;
  if (spread > 0) {
    const double slope = (units_ * sum_td_ - sum_t_ * sum_d_) / spread;
    figures.delay_growth = Duration(static_cast<std::int64_t>(slope * to_ms(last_at_ - first_at_) * 1e6));
  }
  return figures;
}

}  // namespace punktfunk::media
