// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "base/time.h"
#include "core/wire/mode.h"

namespace punktfunk::host {

// What a picture of this size and rate deserves when nobody said a number: about 0.18 bit a pixel, the middle
// of what x264 at its fastest presets needs for a clean desktop (10 Mbit/s at 720p60, 22 at 1080p60), held in
// 2 … 100 Mbit/s.
[[nodiscard]] BitRate automatic_bitrate(const wire::Mode& mode);

// The wire budget after a change of mode, where the host chooses: what the new picture deserves, unless the
// link was found to carry less than the old one deserved.
[[nodiscard]] BitRate budget_after_mode_change(BitRate in_force, const wire::Mode& from,
                                               const wire::Mode& to);

}  // namespace punktfunk::host
