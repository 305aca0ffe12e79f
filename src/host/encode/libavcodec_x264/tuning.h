// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "host/encode/encoder.h"

namespace punktfunk::host {

// How much work x264 may spend on a picture, and across how many slices it spreads it.
struct X264Tuning {
  const char* preset = "ultrafast";
  bool cabac = false;   // overrides the preset: arithmetic instead of variable-length coding
  unsigned slices = 1;  // one thread each
};

// Pure: the same configuration gives the same tuning. `cores` is at least 1.
[[nodiscard]] X264Tuning choose_x264_tuning(const EncoderConfig& config, unsigned cores);

}  // namespace punktfunk::host
