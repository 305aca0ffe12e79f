// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "core/session/probe_meter.h"
#include "core/wire/host_messages.h"

namespace punktfunk::media {

// What a speed test says.
struct SpeedVerdict {
  BitRate link;              // carried, whole datagrams
  bool is_at_least = false;  // the test ended before the link did
  double loss = 0;           // 0 … 1, at that rate
  Duration jitter{};
  Duration delay_growth{};
  BitRate safe;  // a bitrate to set

  // "Your link carries 87 Mbit/s with 0.3 % loss; a bitrate of 60 Mbit/s is safe."
  [[nodiscard]] std::string sentence() const;
};

// Which probes a speed test asks for: where the host serves the ramp, short steps, each twice the rate of the
// one before, until the link no longer follows; then one long probe just below what it carried. So a slow
// link never sees much more than twice what it takes. Pure.
class SpeedTest {
 public:
  static constexpr BitRate kFirst = BitRate::from_kbps(4'000);
  // Five times the host's usual upper bound of a stream: more decides nothing.
  static constexpr BitRate kMost = BitRate::from_kbps(1'000'000);
  static constexpr std::uint32_t kLongMs = 2000;

  explicit SpeedTest(bool has_ramp) : in_ramp_(has_ramp) {}

  [[nodiscard]] wire::ProbeRequest first() const;
  // The next request after `figures` of the last; nullopt: the test is over.
  [[nodiscard]] std::optional<wire::ProbeRequest> next(const ProbeFigures& figures);
  // Absent when the host did not answer, or declined.
  [[nodiscard]] const std::optional<SpeedVerdict>& verdict() const { return verdict_; }

 private:
  [[nodiscard]] static wire::ProbeRequest long_probe(BitRate rate);
  [[nodiscard]] static BitRate safe_rate(BitRate link, double loss);

  bool in_ramp_;
  bool reached_limit_ = false;
  std::optional<SpeedVerdict> verdict_;
};

}  // namespace punktfunk::media
