// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/parity.h"

#include <gtest/gtest.h>

#include "vectors.h"

namespace punktfunk::fec {
namespace {

TEST(Parity, VectorsBeforeTheClamp) {
  for (const auto& vector : test::vectors_named("media/parity-count/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto k = vector["inputs"]["k"].get<std::uint32_t>();
    const auto percent = vector["inputs"]["fec_percent"].get<std::uint32_t>();
    EXPECT_EQ(parity_count(k, percent, 4096, 90, Scheme::gf16), vector["expected"]["m"].get<std::uint32_t>());
  }
}

TEST(Parity, ClampedToTheSessionsLargestBlock) {
  // The session allows 100 + 10: a full block at 50 % still gets 10, a smaller one what fits.
  EXPECT_EQ(parity_count(100, 50, 100, 10, Scheme::gf16), 10u);
  EXPECT_EQ(parity_count(90, 50, 100, 10, Scheme::gf16), 20u);
  EXPECT_EQ(parity_count(60, 50, 100, 10, Scheme::gf16), 30u);
  EXPECT_EQ(parity_count(100, 50, 100, 0, Scheme::gf16), 0u);
}

TEST(Parity, ClampedToTheField) {
  EXPECT_EQ(parity_count(250, 90, 250, 90, Scheme::gf8), 5u);
  EXPECT_EQ(parity_count(255, 90, 255, 90, Scheme::gf8), 0u);
  EXPECT_EQ(parity_count(65000, 90, 65535, 90, Scheme::gf16), 535u);
}

}  // namespace
}  // namespace punktfunk::fec
