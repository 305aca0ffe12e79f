// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include "host/display/mode.h"
#include "host/display/sway/sway_config.h"

namespace punktfunk::host {
namespace {

TEST(DisplayMode, AcceptsWhatADisplayCanShow) {
  for (const DisplayMode mode : {DisplayMode{64, 64, 1'000}, DisplayMode{8192, 8192, 240'000},
                                 DisplayMode{1921, 1081, 144'000}, DisplayMode{1366, 768, 59'940}})
    EXPECT_EQ(refuse_mode(mode), std::nullopt) << to_string(mode);
}

TEST(DisplayMode, RefusesTheRestInASentence) {
  for (const DisplayMode mode :
       {DisplayMode{63, 720, 60'000}, DisplayMode{1280, 63, 60'000}, DisplayMode{8193, 720, 60'000},
        DisplayMode{1280, 8193, 60'000}, DisplayMode{1280, 720, 0}, DisplayMode{1280, 720, 999},
        DisplayMode{1280, 720, 240'001}, DisplayMode{0, 0, 0}, DisplayMode{~0u, ~0u, ~0u}}) {
    const auto refusal = refuse_mode(mode);
    ASSERT_TRUE(refusal) << to_string(mode);
    EXPECT_EQ(refusal->back(), '.');
  }
}

TEST(DisplayMode, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(to_string(DisplayMode::from_hz(1280, 720, 60)), "1280x720@60");
  EXPECT_EQ(to_string({1366, 768, 59'940}), "1366x768@59.94");
}

TEST(SwayConfig, HasTheExactSizeAndARateAboveTheStreams) {
  for (const std::uint32_t hz : {1u, 30u, 60u, 90u, 120u, 144u, 240u}) {
    const DisplayMode mode = DisplayMode::from_hz(1921, 1081, hz);
    EXPECT_GT(private_refresh_hz(mode), hz);
    EXPECT_GE(private_refresh_hz(mode), 120u);
    EXPECT_LE(private_refresh_hz(mode), 500u);
    const std::string config = sway_config(mode, false);
    EXPECT_NE(config.find("mode --custom 1921x1081@" + std::to_string(private_refresh_hz(mode)) + "Hz"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace punktfunk::host
