// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames by zwlr_screencopy_v1 (wlroots compositors), copied by the compositor into shared memory.
#pragma once

#include <memory>

#include "host/capture/capture.h"

namespace punktfunk::host {

[[nodiscard]] Result<std::unique_ptr<Capturer>> create_screencopy_capturer(const CaptureSource& source);

}  // namespace punktfunk::host
