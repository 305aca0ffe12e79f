// SPDX-License-Identifier: MIT OR Apache-2.0
// Erasure codes against each other in one run: all take turns in slices of a fraction of a millisecond, so
// that whatever else the machine does meets them alike, and the ratio holds where the figures themselves
// wander.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

struct CompareOptions {
  struct Shape {
    std::size_t k, m;
  };
  std::vector<std::string> peers;  // libraries with the interface of fec_peer.h; ratios are to the first
  std::vector<Shape> shapes;
  std::vector<std::size_t> shard_bytes;
  std::size_t gap = 0;  // bytes between the shards, as headers and tags take between those in datagrams
  std::vector<const Kernels*> kernels;
  double seconds = 0.3;   // for each job: encoding, or recovering so many shards, of one shape
  std::string json_path;  // nowhere when empty; "-" prints nothing else
};

// The shapes figures are given for, and many more.
[[nodiscard]] std::vector<CompareOptions::Shape> usual_shapes();
[[nodiscard]] std::vector<CompareOptions::Shape> sweep_shapes();

// Time this thread ran: what others take of the processor meanwhile does not count.
[[nodiscard]] double thread_seconds();

// Measures and prints. The program's exit status.
[[nodiscard]] int compare(const CompareOptions& options);

}  // namespace punktfunk::fec
