// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/words.h"

#include <gtest/gtest.h>

#include "core/wire/grants.h"

namespace punktfunk::host {
namespace {

TEST(WordsTest, GrantsGoBothWays) {
  std::uint32_t mask = 0;
  for (const std::string& name : grant_names(wire::kGrantAll)) mask |= grant_of(name).value_or(0);
  EXPECT_EQ(mask, wire::kGrantAll);
  EXPECT_EQ(grant_names(0), std::vector<std::string>{});
  EXPECT_FALSE(grant_of("everything"));
  for (const char* preset : {"view", "controller", "full"})
    EXPECT_STREQ(preset_name(*preset_grants(preset)), preset);
  EXPECT_STREQ(preset_name(wire::kGrantKeyboard), "custom");
  EXPECT_FALSE(preset_grants("custom"));
}

TEST(WordsTest, PoliciesGoBothWays) {
  for (const auto policy :
       {BusyPolicy::separate, BusyPolicy::join, BusyPolicy::take_over, BusyPolicy::refuse})
    EXPECT_EQ(policy_of(policy_name(policy)), policy);
  EXPECT_FALSE(policy_of("fight"));
}

TEST(WordsTest, Spans) {
  EXPECT_EQ(seconds_of("90"), 90U);
  EXPECT_EQ(seconds_of("90s"), 90U);
  EXPECT_EQ(seconds_of("15m"), 900U);
  EXPECT_EQ(seconds_of("2h"), 7200U);
  EXPECT_EQ(seconds_of("7d"), 604800U);
  for (const char* bad : {"", "h", "2 h", "2hh", "-5", "2w", "1e3", "99999999999999999999", "40000d"})
    EXPECT_FALSE(seconds_of(bad)) << bad;
  EXPECT_EQ(span_text(0), "0 s");
  EXPECT_EQ(span_text(59), "59 s");
  EXPECT_EQ(span_text(60), "1 min");
  EXPECT_EQ(span_text(7505), "2 h 5 min");
  EXPECT_EQ(span_text(3605), "1 h");
  EXPECT_EQ(span_text(86400 * 3), "3 d");
}

}  // namespace
}  // namespace punktfunk::host
