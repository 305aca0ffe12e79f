// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/histogram.h"
#include "base/time.h"
#include "core/wire/host_timing.h"

namespace punktfunk::client {

// What the client knows of one frame's way. All instants on its own monotonic clock.
struct FrameTimes {
  std::uint64_t capture_ns = 0;  // host session clock
  TimePoint last_packet;         // the packet that completed the frame
  TimePoint handed_over;         // reassembled, given to the decoder's queue
  TimePoint decoded;
};

// Where the time between capture and decoded picture goes. The stages follow one another without gap, so they
// add up:
//   queue      capture → encoder takes the frame        (host)
//   encode     colour conversion and encoding           (host)
//   send       packets, parity, sealing, pacing         (host)
//   network    last packet left → last packet arrived   (needs the clock estimate)
//   reassemble last packet arrived → whole frame with the decoder
//   decode     waiting for the decoder, and decoding
struct StageLatencies {
  Histogram capture_to_decoded, queue, encode, send, network, reassemble, decode;
};

// Joins the client's times with the host's, which come in a datagram of their own, before or after. Not
// thread-safe.
class LatencyBook {
 public:
  // `clock_offset_ns`: host session clock minus local monotonic clock.
  void add_frame(const FrameTimes& times, std::optional<std::int64_t> clock_offset_ns);
  void add_timing(const wire::HostTiming& timing, std::optional<std::int64_t> clock_offset_ns);
  [[nodiscard]] const StageLatencies& stages() const { return stages_; }

 private:
  struct Entry {
    std::optional<FrameTimes> frame;
    std::optional<wire::HostTiming> timing;
  };
  // Frames whose other half was lost are forgotten after this many newer ones.
  static constexpr std::size_t kMaxOpen = 256;

  void join(std::uint64_t capture_ns, Entry& entry, std::optional<std::int64_t> clock_offset_ns);

  std::map<std::uint64_t, Entry> open_;
  StageLatencies stages_;
};

}  // namespace punktfunk::client
