// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's side of a bandwidth probe (section 19): what arrived of the filler, and how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/wire/host_messages.h"

namespace punktfunk::media {

// What one probe came to.
struct ProbeFigures {
  enum class Outcome : std::uint8_t { measured, declined, unanswered };
  Outcome outcome = Outcome::measured;
  wire::ProbeRequest asked;
  std::uint64_t packets_sent = 0;  // that the host's kernel took
  std::uint64_t packets_received = 0;
  std::uint64_t send_dropped = 0;  // that it did not take: the host's own limit, no loss of the link
  BitRate sent, received;          // whole datagrams, while they left and while they arrived
  BitRate all_received;            // with the video that came meanwhile
  double loss = 0;                 // 0 … 1
  Duration jitter{};               // mean change of delay from one access unit to the next (RFC 3550)
  // How much later the last filler came than the first, seen from when it left, along the straight line
  // through all of it: a queue that builds up shows here, whatever the two clocks say.
  Duration delay_growth{};
};

// One probe at a time. Pure; one thread.
class ProbeMeter {
 public:
  // What is still under way after the result and the last filler.
  static constexpr Duration kSettle = std::chrono::milliseconds(100);
  // The result comes this long after the probe's end at the latest: behind a full queue, sent again.
  static constexpr Duration kPatience = std::chrono::seconds(5);

  // What comes from here on belongs to this request; an earlier one is forgotten.
  void start(const wire::ProbeRequest& asked, TimePoint now);
  // A packet of filler. `sent_us`: its access unit's time stamp on the host's clock.
  // `all_bytes`: of all packets that came so far, filler or not, this one included.
  void on_packet(std::uint32_t frame, std::uint64_t sent_us, std::size_t bytes, TimePoint at,
                 std::uint64_t all_bytes = 0);
  void on_result(const wire::ProbeResult& result, TimePoint now);

  [[nodiscard]] bool is_running() const { return asked_.has_value(); }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  // The figures, once, as soon as the probe is complete.
  [[nodiscard]] std::optional<ProbeFigures> poll(TimePoint now);

 private:
  void on_delay(std::uint64_t sent_us, TimePoint at);
  [[nodiscard]] ProbeFigures figures() const;

  std::optional<wire::ProbeRequest> asked_;
  TimePoint give_up_at_{};
  std::optional<wire::ProbeResult> result_;
  TimePoint result_at_{};
  std::uint64_t packets_ = 0, bytes_ = 0, bytes_at_first_ = 0;
  std::uint64_t all_at_first_ = 0, all_at_last_ = 0;
  std::size_t datagram_bytes_ = 0;
  TimePoint first_at_{}, last_at_{};
  std::optional<std::uint32_t> newest_unit_;
  // Delays in ms against the first one, times in ms since the first: sums for the straight line.
  std::uint64_t first_sent_us_ = 0;
  double units_ = 0, last_delay_ = 0, jitter_ = 0, sum_t_ = 0, sum_d_ = 0, sum_tt_ = 0, sum_td_ = 0;
};

}  // namespace punktfunk::media
