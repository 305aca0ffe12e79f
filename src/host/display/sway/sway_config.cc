// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/sway/sway_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace punktfunk::host {

std::uint32_t private_refresh_hz(const DisplayMode& mode) {
  constexpr std::uint32_t kMultiple = 3;
  return std::min(mode.refresh_millihertz * kMultiple / 1000, 1000u);
}

std::string sway_config(const DisplayMode& mode, bool xwayland) {
  return fmt::format(
      "xwayland {}\n"
      "default_border none\n"
      "default_floating_border none\n"
      "hide_edge_borders both\n"
      "gaps inner 0\n"
      "gaps outer 0\n"
      "default_orientation vertical\n"
      "focus_on_window_activation focus\n"
      "output * mode --custom {}x{}@{}Hz position 0 0 scale 1\n",
      xwayland ? "enable" : "disable", mode.width, mode.height, private_refresh_hz(mode));
}

}  // namespace punktfunk::host
