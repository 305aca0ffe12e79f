// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/words.h"

#include <gtest/gtest.h>

#include "core/wire/grants.h"

namespace punktfunk::host::api {
namespace {

TEST(WordsTest, Presets) {
  for (const std::string& name : preset_names()) EXPECT_EQ(preset_name(*access::parse_grants(name)), name);
  EXPECT_EQ(preset_name(wire::kGrantKeyboard), "custom");
  EXPECT_EQ(grant_names(wire::kGrantKeyboard | wire::kGrantPointer),
            (std::vector<std::string>{"pointer", "keyboard"}));
}

TEST(WordsTest, PoliciesGoBothWays) {
  for (const auto policy : {WhenBusy::separate, WhenBusy::join, WhenBusy::take_over, WhenBusy::refuse})
    EXPECT_EQ(policy_of(policy_name(policy)), policy);
  EXPECT_EQ(policy_name(WhenBusy::take_over), "take-over");
  EXPECT_FALSE(policy_of("fight"));
}

TEST(WordsTest, Spans) {
  EXPECT_EQ(span_text(0), "0 s");
  EXPECT_EQ(span_text(59), "59 s");
  EXPECT_EQ(span_text(60), "1 min");
  EXPECT_EQ(span_text(7505), "2 h 5 min");
  EXPECT_EQ(span_text(3605), "1 h");
  EXPECT_EQ(span_text(86400 * 3), "3 d");
}

}  // namespace
}  // namespace punktfunk::host::api
