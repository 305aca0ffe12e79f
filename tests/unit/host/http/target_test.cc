// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/target.h"

#include <gtest/gtest.h>

namespace punktfunk::host::http {
namespace {

using Segments = std::vector<std::string>;

TEST(TargetTest, TakesApartAndDecodes) {
  const auto target = Target::parse("/api/v1/a%20b/%C3%A4+?x=1&y=%26&z");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->segments, (Segments{"api", "v1", "a b", "ä+"}));
  ASSERT_EQ(target->query.size(), 3U);
  EXPECT_EQ(target->query[1].second, "&");
  EXPECT_EQ(target->query[2].second, "");
  EXPECT_TRUE(Target::parse("/")->segments.empty());
  EXPECT_TRUE(Target::parse("/?a=b")->segments.empty());
}

TEST(TargetTest, RefusesWhatHasTwoReadings) {
  for (const char* bad : {"",
                          "api",
                          "*",
                          "http://host/api",
                          "//host/api",
                          "/a//b",
                          "/a/",
                          "/./a",
                          "/a/..",
                          "/../a",
                          "/%2e%2e/a",
                          "/%2E/a",
                          "/.%2e/a",
                          "/a%2fb",
                          "/a%2Fb",
                          "/a\\b",
                          "/a%5cb",
                          "/a%00",
                          "/a%0d%0ab",
                          "/a%7f",
                          "/a%",
                          "/a%4",
                          "/a%zz",
                          "/a%ff",
                          "/%c0%ae%c0%ae/a",
                          "/a#b",
                          "/a?x=1&x=2",
                          "/a?=1",
                          "/a?x=%",
                          "/a?x=%00",
                          "/a?x=#",
                          "/a?&&",
                          "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
    EXPECT_FALSE(Target::parse(bad).has_value()) << bad;
  }
  EXPECT_FALSE(Target::parse(std::string("/a\0b", 4)).has_value());
  // Decoded once only.
  EXPECT_EQ(Target::parse("/%252e%252e")->segments, Segments{"%2e%2e"});
  // Dots within a name mean nothing.
  EXPECT_EQ(Target::parse("/...")->segments, Segments{"..."});
}

}  // namespace
}  // namespace punktfunk::host::http
