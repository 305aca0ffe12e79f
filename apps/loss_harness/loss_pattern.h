// SPDX-License-Identifier: MIT OR Apache-2.0
// The ways of a link to lose datagrams that the harness knows, by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::loss_harness {

// Something that comes over the link once in every `every`, at a time of its own.
struct Spell {
  Duration every{};  // zero: never
  Duration length{};
};

struct LossPattern {
  std::string name;        // as on the command line
  sim::LinkOptions link;   // at rest; its rate is set by for_stream()
  double burst_share = 0;  // of the datagrams, lost in bursts
  // The link carries this many times the stream's rate; 0 = no limit.
  double rate_share = 0;
  Spell stall;   // nothing gets through, and all of it arrives when the spell is over
  Spell outage;  // everything sent in it is lost

  [[nodiscard]] bool changes() const { return stall.every.count() != 0 || outage.every.count() != 0; }
  // The link at `since_start`, for a stream of `rate`. The spells' times follow from the seed.
  [[nodiscard]] sim::LinkOptions link_at(Duration since_start, BitRate rate, std::uint64_t seed) const;
};

// "random:5", "burst:1:8" and so on; patterns_help() lists them. The error is one sentence.
[[nodiscard]] Result<LossPattern> parse_pattern(const std::string& text);

// One line a pattern.
[[nodiscard]] std::string patterns_help();

[[nodiscard]] const std::vector<std::string>& default_patterns();

}  // namespace punktfunk::loss_harness
