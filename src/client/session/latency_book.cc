// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/latency_book.h"

#include <algorithm>

namespace punktfunk::client {

void LatencyBook::add_frame(const FrameTimes& times, std::optional<std::int64_t> clock_offset_ns) {
  if (clock_offset_ns) {
    const std::int64_t captured = static_cast<std::int64_t>(times.capture_ns) - *clock_offset_ns;
    stages_.capture_to_decoded.add(times.decoded.time_since_epoch() - Duration(captured));
  }
  stages_.reassemble.add(times.handed_over - times.last_packet);
  stages_.decode.add(times.decoded - times.handed_over);
  Entry& entry = open_[times.capture_ns];
  entry.frame = times;
  join(times.capture_ns, entry, clock_offset_ns);
}

void LatencyBook::add_timing(const wire::HostTiming& timing, std::optional<std::int64_t> clock_offset_ns) {
  if (timing.queue_us) stages_.queue.add(std::chrono::microseconds(*timing.queue_us));
  if (timing.encode_us) stages_.encode.add(std::chrono::microseconds(*timing.encode_us));
  if (timing.pace_us) stages_.send.add(std::chrono::microseconds(*timing.pace_us));
  Entry& entry = open_[timing.pts_ns];
  entry.timing = timing;
  join(timing.pts_ns, entry, clock_offset_ns);
}

void LatencyBook::join(std::uint64_t capture_ns, Entry& entry, std::optional<std::int64_t> clock_offset_ns) {
  if (entry.frame && entry.timing && clock_offset_ns) {
    const std::int64_t sent =
        static_cast<std::int64_t>(capture_ns) - *clock_offset_ns + std::int64_t{entry.timing->host_us} * 1000;
    stages_.network.add(
        std::max(Duration::zero(), entry.frame->last_packet.time_since_epoch() - Duration(sent)));
    open_.erase(capture_ns);
  }
  if (open_.size() > kMaxOpen) open_.erase(open_.begin());
}

}  // namespace punktfunk::client
