// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/mode.h"

#include <fmt/format.h>

namespace punktfunk::host {

std::optional<std::string> refuse_mode(const DisplayMode& mode) {
  const auto side_fits = [](std::uint32_t side) {
    return side >= kMinDisplaySide && side <= kMaxDisplaySide;
  };
  if (!side_fits(mode.width) || !side_fits(mode.height))
    return fmt::format(
        "No display of {}x{} pixels can be made: width and height must each lie between {} and {}; ask for "
        "another size.",
        mode.width, mode.height, kMinDisplaySide, kMaxDisplaySide);
  if (mode.refresh_millihertz < kMinRefreshMillihertz || mode.refresh_millihertz > kMaxRefreshMillihertz)
    return fmt::format(
        "No display at {:g} Hz can be made: the refresh rate must lie between {} and {} Hz; ask for another "
        "rate.",
        mode.refresh_hz(), kMinRefreshMillihertz / 1000, kMaxRefreshMillihertz / 1000);
  return std::nullopt;
}

std::string to_string(const DisplayMode& mode) {
  return fmt::format("{}x{}@{:g}", mode.width, mode.height, mode.refresh_hz());
}

}  // namespace punktfunk::host
