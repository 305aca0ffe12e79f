// SPDX-License-Identifier: MIT OR Apache-2.0
// The host's side of a bandwidth probe (section 19): which requests run, and when filler leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/wire/host_messages.h"

namespace punktfunk::media {

// Says which requests of one client may run, so that nobody can make a host flood a link. Pure; one thread.
class ProbeGate {
 public:
  static constexpr Duration kSpacing = std::chrono::seconds(10);
  static constexpr std::uint32_t kMaxStepMs = 50;  // of the ramp, which needs no spacing
  // How long the ramp goes on once the first frame has left, and its steps in a session with video, which may
  // never have a frame: twice what a doubling from 1 Mbit/s to 200 takes.
  static constexpr Duration kRampGrace = std::chrono::seconds(1);
  static constexpr int kMostRampSteps = 16;
  // All probes of a probe-only session together.
  static constexpr std::uint64_t kSessionBytes = std::uint64_t{2} << 30U;

  // The request as it may run now, clamped; nullopt: declined. `serves_ramp`: steps come without spacing.
  // One at a time: after an admission the next follows finished().
  [[nodiscard]] std::optional<wire::ProbeRequest> admit(const wire::ProbeRequest& asked, bool serves_ramp,
                                                        TimePoint now);
  void finished() { running_ = false; }
  // What was admitted so far would take more than a probe-only session may use.
  [[nodiscard]] bool is_spent() const { return admitted_bytes_ > kSessionBytes; }

 private:
  bool running_ = false;
  std::optional<TimePoint> last_long_;
  std::uint64_t admitted_bytes_ = 0;
};

// One probe under way: how many datagrams leave when. Pure; one thread, the one that sends. The rate counts
// whole datagrams, parity and framing included, because it is the link that is measured.
class BandwidthProbe {
 public:
  static constexpr std::size_t kMostRelease = std::size_t{64} * 1024;  // section 19
  // Released at a time where the request does not say otherwise: what a thread that sleeps can keep up.
  static constexpr Duration kReleaseEvery = std::chrono::milliseconds(1);

  // `request` comes from ProbeGate; `datagram_bytes` above 0.
  BandwidthProbe(const wire::ProbeRequest& request, std::size_t datagram_bytes, TimePoint now);

  struct Release {
    TimePoint not_before{};
    std::size_t datagrams = 0;  // at least 1, together at most kMostRelease bytes
  };
  // What leaves next; nullopt: the probe is over. Nothing changes until on_sent().
  [[nodiscard]] std::optional<Release> next(TimePoint now) const;
  // A release left, or part of it: `dropped` datagrams were not taken by the kernel.
  void on_sent(std::size_t datagrams, std::size_t dropped, TimePoint now);
  // An access unit of filler was begun.
  void on_unit(std::size_t bytes);
  // False before the first unit: what the probe before left of its last one carries an old time stamp.
  [[nodiscard]] bool has_unit() const { return result_.packets_sent > 0; }

  [[nodiscard]] const wire::ProbeRequest& request() const { return request_; }
  [[nodiscard]] wire::ProbeResult result(TimePoint now) const;

 private:
  [[nodiscard]] double due_bytes(TimePoint now) const;

  const wire::ProbeRequest request_;
  const std::size_t datagram_bytes_;
  const double bytes_per_ns_;
  const double total_bytes_;
  const TimePoint start_;
  TimePoint group_free_at_;  // group_rate_kbps lets the next group leave
  std::uint64_t released_bytes_ = 0;
  wire::ProbeResult result_;
};

}  // namespace punktfunk::media
