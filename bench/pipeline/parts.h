// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

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

}  // namespace punktfunk::bench
