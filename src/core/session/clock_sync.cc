// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/clock_sync.h"

#include <algorithm>

namespace punktfunk::media {

namespace {

// Section 20: a later batch is taken if its round trip is at most max(2 ms, 1.5 × the best known) …
constexpr std::int64_t kAlwaysGoodRttNs = 2'000'000;
// … and after three refusals the best of those is taken anyway.
constexpr int kMaxRefusals = 3;

}  // namespace

ClockSample clock_sample(std::uint64_t t1, std::uint64_t t2, std::uint64_t t3, std::uint64_t t4) {
  // The stamps of a hostile host may lie anywhere: differences wrap, and the sum of two takes 65 bits.
  __extension__ using Wide = __int128;
  const auto out = static_cast<std::int64_t>(t2 - t1);
  const auto back = static_cast<std::int64_t>(t3 - t4);
  return {static_cast<std::int64_t>((Wide{out} + back) / 2),
          static_cast<std::int64_t>((t4 - t1) - (t3 - t2))};
}

std::optional<std::uint64_t> ClockSync::next_probe(TimePoint now) {
  if (now >= next_probe_ && sent_ == kRounds) finish_batch(now);
  if (now < next_probe_) return std::nullopt;
  if (sent_ == 0) batch_began_ = now;
  const std::uint64_t t1 = client_ns(now);
  outstanding_[sent_++] = {t1, true};
  next_probe_ = now + (started_ && sent_ < kRounds ? kBatchSpacing : kRoundTimeout);
  return t1;
}

void ClockSync::on_echo(std::uint64_t t1, std::uint64_t t2, std::uint64_t t3, TimePoint now) {
  int round = 0;
  while (round < sent_ && (!outstanding_[round].open || outstanding_[round].t1 != t1)) ++round;
  if (round == sent_) return;
  outstanding_[round].open = false;
  ++answered_;

  const ClockSample sample = clock_sample(t1, t2, t3, client_ns(now));
  // A negative round trip is no measurement; it would win against every honest one.
  if (sample.rtt_ns >= 0 && (!batch_best_ || sample.rtt_ns < batch_best_->rtt_ns)) batch_best_ = sample;

  if (started_) {
    if (answered_ == kRounds) finish_batch(now);
    return;
  }
  estimate_ = batch_best_;
  if (round != sent_ - 1) return;  // the echo of a round that had timed out
  if (sent_ == kRounds) {
    finish_batch(now);
  } else {
    next_probe_ = now;
  }
}

void ClockSync::finish_batch(TimePoint now) {
  if (batch_best_) {
    const ClockSample best = *batch_best_;
    const bool good =
        !best_rtt_ns_ || best.rtt_ns <= std::max(kAlwaysGoodRttNs, *best_rtt_ns_ + *best_rtt_ns_ / 2);
    if (good) {
      estimate_ = best;
      best_rtt_ns_ = best_rtt_ns_ ? std::min(*best_rtt_ns_, best.rtt_ns) : best.rtt_ns;
      refused_ = 0;
      refused_best_.reset();
    } else {
      if (!refused_best_ || best.rtt_ns < refused_best_->rtt_ns) refused_best_ = best;
      if (++refused_ == kMaxRefusals) {
        // The path has become longer: what was best before is no measure any more.
        estimate_ = refused_best_;
        best_rtt_ns_ = refused_best_->rtt_ns;
        refused_ = 0;
        refused_best_.reset();
      }
    }
  }
  started_ = true;
  batch_best_.reset();
  sent_ = 0;
  answered_ = 0;
  next_probe_ = std::max(batch_began_ + kBatchEvery, now);
}

std::optional<std::int64_t> ClockSync::host_ns(TimePoint at) const {
  if (!estimate_) return std::nullopt;
  // Wraps instead of overflowing: the offset comes from the host.
  return static_cast<std::int64_t>(client_ns(at) + static_cast<std::uint64_t>(estimate_->offset_ns));
}

}  // namespace punktfunk::media
