// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf8_code.h"

#include <gtest/gtest.h>

#include "seed.h"
#include "shards.h"
#include "vectors.h"

namespace punktfunk::fec {
namespace {

Shards encoded(Gf8Code& code, const Shards& data, std::size_t m) {
  Shards parity(m, data.all.front().size());
  EXPECT_TRUE(code.encode(data.views(), parity.writable(), data.all.front().size()));
  return parity;
}

TEST(Gf8Code, Vectors) {
  Gf8Code code;
  for (const auto& vector : test::vectors_named("fec8/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    Shards data(inputs["k"].get<std::size_t>(), inputs["shard_len"].get<std::size_t>());
    data.fill_pattern();
    const auto m = inputs["m"].get<std::size_t>();
    const Shards parity = encoded(code, data, m);
    for (std::size_t j = 0; j < m; ++j)
      EXPECT_EQ(to_hex(parity.all[j]), vector["expected"]["parity"][j]) << j;
  }
}

// The example in section 14.2.
TEST(Gf8Code, SpecificationExample) {
  Gf8Code code;
  Shards data(4, 1);
  for (std::size_t i = 0; i < 4; ++i) data.all[i][0] = static_cast<std::uint8_t>(10 * (i + 1));
  const Shards parity = encoded(code, data, 2);
  EXPECT_EQ(parity.all[0][0], 136);
  EXPECT_EQ(parity.all[1][0], 0);
}

TEST(Gf8Code, RecoversRandomPatterns) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf8Code code;
  for (int round = 0; round < 200; ++round) {
    const std::size_t k = 1 + random() % 200;
    const std::size_t m = 1 + random() % (255 - k);
    const std::size_t bytes = 1 + random() % 150;
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " bytes " + std::to_string(bytes));
    Shards data(k, bytes);
    data.fill(random);
    const Shards parity = encoded(code, data, m);
    const std::size_t worst = std::min(k, m);
    ASSERT_TRUE(recovers(code, data, parity, worst, worst, random));
    const std::size_t lost = random() % (worst + 1);
    ASSERT_TRUE(recovers(code, data, parity, lost, lost + random() % (m - lost + 1), random));
    ASSERT_FALSE(recovers(code, data, parity, worst, worst - 1, random));
  }
}

TEST(Gf8Code, ShapesOutsideTheFieldAreRefused) {
  EXPECT_FALSE(Gf8Code::supports(0, 1));
  EXPECT_TRUE(Gf8Code::supports(200, 55));
  EXPECT_FALSE(Gf8Code::supports(200, 56));
}

}  // namespace
}  // namespace punktfunk::fec
