// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <vector>

#include "pipeline/media_ends.h"

namespace punktfunk::bench {

// Processor time of each part of our work, ns per data shard, measured alone on one thread over the same
// frames. They split what the pump's clocks can only see as a whole.
struct Parts {
  double packetize_ns = 0;  // headers and data shards
  double parity_ns = 0;
  double seal_ns = 0;
  double open_ns = 0;
  double reassemble_ns = 0;
};

[[nodiscard]] Parts measure_parts(const MediaShape& shape);

// Elapsed time, median, of sealing a whole frame in one lane and in two. Says something only while a second
// processor is free.
struct LaneTimes {
  std::size_t data_shards = 0;
  double one_us = 0;
  double two_us = 0;
};
[[nodiscard]] std::vector<LaneTimes> measure_lanes(std::uint8_t parity_percent);

}  // namespace punktfunk::bench
