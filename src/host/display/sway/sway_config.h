// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/display/mode.h"

namespace punktfunk::host {

// The name sway gives the first headless output.
inline constexpr const char* kSwayOutput = "HEADLESS-1";

// The rate the private output runs at for a stream of `mode`, in whole Hz.
[[nodiscard]] std::uint32_t private_refresh_hz(const DisplayMode& mode);

// "mode --custom 1280x720@180Hz": how sway's output command is told of `mode`.
[[nodiscard]] std::string sway_mode(const DisplayMode& mode);

// A whole sway configuration: one output at `mode`, nothing on it but the windows, a second window below the
// first.
[[nodiscard]] std::string sway_config(const DisplayMode& mode, bool xwayland);

}  // namespace punktfunk::host
