// SPDX-License-Identifier: MIT OR Apache-2.0
// Makes access units of known bytes (base/synthetic_frame.h) instead of coding a picture: for measuring and
// byte-checking the path between host and client. The registry never picks it; `--source synthetic` and tests
// make one.
#pragma once

#include <cstdint>
#include <memory>

#include "host/encode/encoder.h"

namespace punktfunk::host {

struct SyntheticConfig {
  EncoderConfig video;  // bitrate and refresh rate give the size: one frame's share of the bitrate
  std::uint64_t seed = 1;
  std::uint32_t first_index = 0;  // the wire frame index of the first unit
  // A keyframe is this many times as large as the others, as with a real encoder.
  std::uint32_t keyframe_factor = 4;
};

// Never fails; encode() ignores the picture (an empty I420View will do).
[[nodiscard]] std::unique_ptr<VideoEncoder> create_synthetic_encoder(const SyntheticConfig& config);

}  // namespace punktfunk::host
