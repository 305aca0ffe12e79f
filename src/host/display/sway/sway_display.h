// SPDX-License-Identifier: MIT OR Apache-2.0
// A private headless sway per display: no GPU, login or running desktop needed. It is started for the display
// and ended to remove it, because sway 1.7 cannot unplug a headless output. Its mode can change in place;
// what never must happen is to disable the output, after which later changes only seem to succeed.
#pragma once

#include <memory>

#include "base/result.h"
#include "host/display/display.h"

namespace punktfunk::host {

// How long ending a display may take: the compositor's grace, then the kernel's time to end it.
inline constexpr Duration kDisplayStopLimit = std::chrono::milliseconds(500);

// Fails when sway is not installed. Removes what killed hosts left behind.
[[nodiscard]] Result<std::unique_ptr<DisplayBackend>> create_sway_backend();

}  // namespace punktfunk::host
