// SPDX-License-Identifier: MIT OR Apache-2.0
// One stream over one link in virtual time: the real sender, pacer, receiver, feedback, recovery and parity
// control, with synthetic access units in place of an encoder.
#pragma once

#include <cstdint>
#include <string>

#include "apps/loss_harness/loss_pattern.h"
#include "base/result.h"
#include "base/time.h"
#include "core/session/media_receiver.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::loss_harness {

enum class Scheme : std::uint8_t {
  none,      // no parity
  gf8,       // a fixed percentage, GF(2^8)
  gf16,      // a fixed percentage, GF(2^16)
  adaptive,  // GF(2^16), as much as the host's parity control asks for
};

[[nodiscard]] const char* name_of(Scheme scheme);

// Access units of half to three halves of bitrate / fps, keyframes of three times that.
struct StreamShape {
  std::string name;  // as on the command line: "20@60"
  BitRate rate;      // of access-unit bytes
  std::uint32_t frames_hz = 60;

  [[nodiscard]] std::uint64_t mean_bytes() const { return rate.bits_per_second / 8 / frames_hz; }
};

struct RunSpec {
  Scheme scheme = Scheme::gf16;
  std::uint8_t parity_percent = 10;  // of gf8 and gf16
  LossPattern pattern;
  StreamShape stream;
  std::uint64_t frames = 240;  // at least 1
  std::uint64_t seed = 1;
  Duration late{};  // a frame counts as late when it comes this long after its capture
};

struct RunResult {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_delivered = 0;
  std::uint64_t frames_recovered = 0;  // of those, with parity
  std::uint64_t frames_late = 0;       // of those, too late
  std::uint64_t frames_shown = 0;      // of those, decodable: unbroken since a keyframe
  std::uint64_t frames_wrong = 0;      // of those, not what was sent: never, or this build is broken
  std::uint64_t frames_lost = 0;       // sent and never delivered
  std::uint64_t keyframes = 0;
  std::uint64_t asks = 0;
  Duration longest_gap{};  // between two pictures shown
  std::uint64_t data_shards = 0;
  std::uint64_t parity_shards = 0;
  std::uint64_t au_bytes = 0;
  std::uint64_t sent_bytes = 0;  // whole datagrams
  std::uint8_t highest_percent = 0;
  sim::LinkStats link;  // host to client
  media::MediaReceiver::Stats media;

  [[nodiscard]] std::uint64_t overhead_bytes() const { return sent_bytes - au_bytes; }
  [[nodiscard]] std::uint64_t link_lost() const {
    return link.lost_random + link.lost_burst + link.lost_queue;
  }
  // Datagrams refused although the link changes nothing in them: never, or this build is broken.
  [[nodiscard]] std::uint64_t packets_refused() const;
};

// The same spec gives the same result, on any machine.
[[nodiscard]] Result<RunResult> run_stream(const RunSpec& spec);

}  // namespace punktfunk::loss_harness
