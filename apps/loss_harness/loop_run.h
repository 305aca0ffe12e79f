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
  std::uint64_t anchors = 0, healed = 0, shards_again = 0;
};

enum class LoopMode : std::uint8_t {
  off,         // fixed rate and parity, keyframes asked for
  keyframes,   // the loop, with an encoder that recovers by keyframes only, as libx264 does
  references,  // the loop, with an encoder that can go on without lost pictures
};

// One result a session. The same scenario gives the same results, on any machine.
[[nodiscard]] Result<std::vector<LoopResult>> run_loop(const LoopScenario& scenario, LoopMode mode);

// One session of one run.
struct LoopRow {
  const LoopScenario* scenario = nullptr;  // of loop_scenarios()
  LoopMode mode = LoopMode::off;
  LoopResult result;
};

// All scenarios in every mode.
[[nodiscard]] Result<std::vector<LoopRow>> run_loop_scenarios();

// For people, side by side with the loop switched off; checked in as a baseline.
[[nodiscard]] std::string loop_table_of(const std::vector<LoopRow>& rows);
// For machines.
[[nodiscard]] std::string loop_json_of(const std::vector<LoopRow>& rows);

}  // namespace punktfunk::loss_harness
