// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "host/encode/encoder.h"

namespace punktfunk::host {

[[nodiscard]] std::unique_ptr<VideoEncoder> make_synthetic_encoder(const SyntheticConfig& config);

}  // namespace punktfunk::host
