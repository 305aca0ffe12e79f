// SPDX-License-Identifier: MIT OR Apache-2.0
// What the loop (adaptive bitrate, adaptive parity, keyframe asks) makes of links that get worse and better,
// beside the same streams with a fixed rate and a fixed parity.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/loss_harness/loss_pattern.h"
#include "base/result.h"
#include "base/time.h"
#include "core/session/rate_control.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::loss_harness {

// From `at` on the link is `link`, with what `pattern` adds to it.
struct LinkPhase {
  Duration at{};
  sim::LinkOptions link;  // both ways
};

struct LoopScenario {
  std::string name;
  std::string what;                           // a few words
  int sessions = 1;                           // over the one link
  BitRate rate = BitRate::from_kbps(20'000);  // wire budget of each
  std::uint32_t frames_hz = 60;
  Duration length = std::chrono::seconds(60);
  std::vector<LinkPhase> phases;  // the first at 0
  // The radio of the loss patterns, stalls and outages included.
  std::string pattern;
  // When something happened from which the picture has to recover.
  std::vector<Duration> events;
};

[[nodiscard]] const std::vector<LoopScenario>& loop_scenarios();

struct LoopResult {
  std::uint64_t frames_sent = 0, frames_lost = 0, frames_shown = 0, keyframes = 0;
  std::uint64_t freezes = 0;  // more than 100 ms between two pictures shown
  Duration longest_freeze{};
  Duration recovery{};                    // the longest, from an event to a picture that moves and is current
  Duration latency_p50{}, latency_p95{};  // capture to out of the receiver, of frames shown
  BitRate goodput;                        // access-unit bytes of frames shown
  std::uint64_t sent_bytes = 0;
  double parity_share = 0;  // of the shards
  BitRate lowest, last;     // rates asked for
  std::map<media::RateControl::Cause, std::uint64_t> asks;
  std::uint64_t frames_wrong = 0;
};

// One result a session. The same scenario gives the same results, on any machine.
[[nodiscard]] Result<std::vector<LoopResult>> run_loop(const LoopScenario& scenario, bool loop_on);

// All scenarios, with the loop and without, as a table.
[[nodiscard]] Result<std::string> loop_table();

}  // namespace punktfunk::loss_harness
