// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include "core/fec/gf16_code.h"
#include "core/fec/gf16_incremental.h"
#include "seed.h"
#include "shards.h"

namespace punktfunk::fec {
namespace {

// Shards in random portions, under shapes announced right and wrong: the bytes of encode(), or a refusal.
TEST(Gf16IncrementalEncoder, SameBytesAsTheWholeBlock) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf16IncrementalEncoder incremental;
  Gf16Code code;
  int finished = 0;
  for (int round = 0; round < 400; ++round) {
    const std::size_t m = 1 + random() % (round % 7 == 0 ? 100 : 12);
    const std::size_t k = 1 + random() % (round % 5 == 0 ? 600 : 80);
    const std::size_t announced_m = round % 3 == 0 ? 1 + random() % (2 * m) : m;
    const std::size_t announced_k = round % 3 == 1 ? 1 + random() % (2 * k) : k;
    const std::size_t bytes = 2 + 2 * (random() % 200);
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " announced " +
                 std::to_string(announced_k) + "+" + std::to_string(announced_m) + " bytes " +
                 std::to_string(bytes));
    if (!incremental.begin(announced_k, announced_m, bytes)) continue;
    EXPECT_LE(incremental.scratch_bytes(), Gf16IncrementalEncoder::kMaxScratchBytes);
    Shards data(k, bytes);
    const auto views = data.views();
    for (std::size_t made = 0; made < k;) {
      const std::size_t more = std::min<std::size_t>(1 + random() % 50, k - made);
      for (std::size_t i = made; i < made + more; ++i) {
        for (std::uint8_t& byte : data.all[i]) byte = static_cast<std::uint8_t>(random());
      }
      made += more;
      if (random() % 4 != 0) incremental.absorb(std::span(views).first(made));
    }
    Shards whole(m, bytes);
    ASSERT_TRUE(code.encode(views, whole.writable(), bytes));
    Shards parity(m, bytes);
    if (!incremental.finish(views, parity.writable())) {
      EXPECT_EQ(parity.all, Shards(m, bytes).all) << "nothing is written on a refusal";
      EXPECT_TRUE(announced_k != k || announced_m != m);
      continue;
    }
    ++finished;
    ASSERT_EQ(parity.all, whole.all);
    EXPECT_FALSE(incremental.finish(views, parity.writable())) << "a block is finished once";
  }
  EXPECT_GT(finished, 100);
}

TEST(Gf16IncrementalEncoder, BlocksThatGainNothingAreRefused) {
  Gf16IncrementalEncoder encoder;
  EXPECT_TRUE(encoder.begin(200, 40, 1408));
  EXPECT_FALSE(encoder.begin(0, 4, 1408));
  EXPECT_FALSE(encoder.begin(200, 0, 1408));
  EXPECT_FALSE(encoder.begin(200, 40, 1407));
  EXPECT_FALSE(encoder.begin(200, 3, 1408)) << "weighted sums";
  EXPECT_FALSE(encoder.begin(40, 200, 1408)) << "all data in one transform";
  EXPECT_FALSE(encoder.begin(60, 40, 1408)) << "one chunk of 64";
  EXPECT_FALSE(encoder.begin(20000, 10000, 1408)) << "too much memory";
  EXPECT_FALSE(encoder.begin(65000, 5000, 1408)) << "outside the field";
}

}  // namespace
}  // namespace punktfunk::fec
