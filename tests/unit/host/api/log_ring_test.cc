// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/log_ring.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace punktfunk::host::api {
namespace {

TEST(LogRingTest, IsBounded) {
  LogRing ring;
  for (std::size_t i = 0; i < LogRing::kMaxLines + 10; ++i) ring.add(0, "info", std::string(5000, 'x'));
  const auto lines = ring.lines(0, 10'000);
  ASSERT_EQ(lines.size(), LogRing::kMaxLines);
  EXPECT_EQ(lines.front().id, 11U);
  EXPECT_EQ(lines.front().text.size(), LogRing::kMaxText);
  EXPECT_EQ(ring.lines(3, 2).front().id, 11U) << "what is gone is skipped";
}

TEST(LogRingTest, TakesWhatIsLogged) {
  const auto ring = LogRing::attach();
  spdlog::warn("a thing\nhappened \x1b[31m{}", 5);
  const auto lines = ring->lines(0, 10);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].level, "warning");
  EXPECT_EQ(lines[0].text.find_first_of("\n\x1b"), std::string::npos) << lines[0].text;
  EXPECT_NE(lines[0].text.find("happened"), std::string::npos);
  EXPECT_GT(lines[0].unix_ms, 1'600'000'000'000U);
}

}  // namespace
}  // namespace punktfunk::host::api
