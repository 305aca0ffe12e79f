// SPDX-License-Identifier: MIT OR Apache-2.0
// H.264 by libavcodec's own software decoder.
#pragma once

#include <memory>

#include "base/result.h"
#include "client/decode/decoder.h"

namespace punktfunk::client {

[[nodiscard]] Result<std::unique_ptr<VideoDecoder>> create_libavcodec_decoder(const DecoderConfig& config,
                                                                              unsigned threads);

}  // namespace punktfunk::client
