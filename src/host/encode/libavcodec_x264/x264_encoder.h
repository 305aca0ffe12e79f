// SPDX-License-Identifier: MIT OR Apache-2.0
// H.264 by libx264, reached through libavcodec.
#pragma once

#include <memory>

#include "base/result.h"
#include "host/encode/encoder.h"
#include "host/encode/libavcodec_x264/tuning.h"

namespace punktfunk::host {

[[nodiscard]] Result<std::unique_ptr<VideoEncoder>> create_x264_encoder(const EncoderConfig& config,
                                                                        const X264Tuning& tuning);

}  // namespace punktfunk::host
