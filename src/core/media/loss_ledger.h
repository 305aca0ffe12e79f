// SPDX-License-Identifier: MIT OR Apache-2.0
// The loss figures of section 17 (tags 9 to 11). What a finished frame lacks is not yet lost: its parity is
// usually still under way when the last data shard completes it. So each finished frame leaves a record, late
// packets are taken off it, and what remains counts as lost 120 ms later.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

// By place of the shard in its access unit; parity counts as tail.
struct LossCounts {
  std::uint64_t head = 0;
  std::uint64_t mid = 0;
  std::uint64_t tail = 0;
};

enum class ShardPlace : std::uint8_t { head, mid, tail };

// Place of data shard `index` in an access unit of `total` data shards: section 13.6.
[[nodiscard]] constexpr ShardPlace place_of(std::uint64_t index, std::uint64_t total) {
  if (total <= 24) return ShardPlace::mid;
  if (index < 12) return ShardPlace::head;
  return index + 12 >= total ? ShardPlace::tail : ShardPlace::mid;
}

// What a frame lacked when it was finished.
struct LossRecord {
  std::uint32_t frame = 0;
  std::uint64_t capture_us = 0;
  TimePoint finished{};
  std::uint64_t total = 0;     // data shards, as far as known
  std::uint64_t missing[3]{};  // data shards by ShardPlace
  std::uint64_t parity = 0;
  std::uint64_t rebuilt = 0;  // of the data shards
};

class LossLedger {
 public:
  static constexpr std::uint32_t kFrames = 64;  // "the last 64 finished indices are remembered"

  void close(const LossRecord& record);

  // A packet of a finished frame. True if it is the original of a shard that was rebuilt.
  bool on_late(const wire::MediaHeader& header);

  // Settles what finished long enough ago: frames captured more than `age` before `newest_capture_us`, or
  // finished `age` before `now`.
  void settle(std::uint64_t newest_capture_us, TimePoint now, Duration age);

  [[nodiscard]] const LossCounts& lost() const { return lost_; }

 private:
  struct Entry {
    LossRecord record;
    bool used = false;
    bool settled = false;
  };
  void settle(Entry& entry);

  std::array<Entry, kFrames> entries_;
  std::uint32_t unsettled_ = 0;
  LossCounts lost_;
};

}  // namespace punktfunk::media
