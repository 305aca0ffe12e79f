// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's estimate of the host's session clock: section 20.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace punktfunk::media {

struct ClockSample {
  std::int64_t offset_ns = 0;  // host − client
  std::int64_t rtt_ns = 0;
};

// t1, t4 on the client's clock, t2, t3 on the host's; ns. The half of an odd sum is cut toward zero. Defined
// for any input: a host may send what it likes.
[[nodiscard]] ClockSample clock_sample(std::uint64_t t1, std::uint64_t t2, std::uint64_t t3,
                                       std::uint64_t t4);

// Eight rounds one after the other at the start, the one with the least round trip wins. Later a batch of
// eight every 60 s. The client's clock here is its TimePoint in ns since that clock's epoch: t1 =
// client_ns(now). Pure in time; one thread.
class ClockSync {
 public:
  static constexpr int kRounds = 8;
  static constexpr Duration kRoundTimeout = std::chrono::seconds(2);
  static constexpr Duration kBatchEvery = std::chrono::seconds(60);
  static constexpr Duration kBatchSpacing = std::chrono::milliseconds(7);

  explicit ClockSync(TimePoint start) : next_probe_(start) {}

  [[nodiscard]] static std::uint64_t client_ns(TimePoint at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }

  // t1 of a probe to send now, or nullopt. Call it at start, after each echo and at next_deadline().
  [[nodiscard]] std::optional<std::uint64_t> next_probe(TimePoint now);

  // An echo; ignored unless it answers a probe that is outstanding.
  void on_echo(std::uint64_t t1, std::uint64_t t2, std::uint64_t t3, TimePoint now);

  [[nodiscard]] TimePoint next_deadline() const { return next_probe_; }
  // The eight start rounds are over, answered or not.
  [[nodiscard]] bool is_started() const { return started_; }

  // The estimate in force; nullopt until the first echo.
  [[nodiscard]] std::optional<ClockSample> estimate() const { return estimate_; }
  // Host session clock (Unix ns) at `at`; nullopt until the first echo.
  [[nodiscard]] std::optional<std::int64_t> host_ns(TimePoint at) const;

 private:
  void finish_batch(TimePoint now);

  struct Outstanding {
    std::uint64_t t1 = 0;
    bool open = false;
  };

  TimePoint next_probe_;
  TimePoint batch_began_{};
  Outstanding outstanding_[kRounds];
  int sent_ = 0;      // probes of the batch under way
  int answered_ = 0;  // of those
  bool started_ = false;
  std::optional<ClockSample> batch_best_;
  std::optional<ClockSample> estimate_;
  std::optional<std::int64_t> best_rtt_ns_;
  std::optional<ClockSample> refused_best_;
  int refused_ = 0;
};

}  // namespace punktfunk::media
