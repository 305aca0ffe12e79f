// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/sway/sway_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace punktfunk::host {

// A picture is drawn after one refresh of the output and composed at the next, so its age when captured is
// about one period of the output, and the headless timer runs slow (whole milliseconds, started anew after
// each picture). Measured on two busy cores with the test pattern, 1280x720 at 60, drawn to captured, median,
// and sway's share of a core:
//   2 times: 8.4 ms, 0.08   3 times: 5.4 ms, 0.10   4 times: 4.4 ms, 0.14
// Programs draw at the output's rate too, which is why it is not more.
std::uint32_t private_refresh_hz(const DisplayMode& mode) {
  constexpr std::uint32_t kMultiple = 3;
  // Below, even a slow stream would show old pictures; above, the timer's millisecond leaves nothing to gain
  // (500 Hz = 2 ms, twice the highest rate a client can ask for).
  constexpr std::uint32_t kLowest = 120;
  constexpr std::uint32_t kHighest = 500;
  return std::clamp(mode.refresh_millihertz * kMultiple / 1000, kLowest, kHighest);
}

std::string sway_mode(const DisplayMode& mode) {
  return fmt::format("mode --custom {}x{}@{}Hz", mode.width, mode.height, private_refresh_hz(mode));
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
      "output * {} position 0 0 scale 1\n",
      xwayland ? "enable" : "disable", sway_mode(mode));
}

}  // namespace punktfunk::host
