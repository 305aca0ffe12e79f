// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/encode/libavcodec_x264/tuning.h"

namespace punktfunk::host {

X264Tuning choose_x264_tuning(const EncoderConfig&, unsigned cores) { return {"superfast", cores}; }

}  // namespace punktfunk::host
