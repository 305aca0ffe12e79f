// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_code.h"

#include <gtest/gtest.h>

#include "core/crypto/hash.h"
#include "core/fec/gf16_field.h"
#include "seed.h"
#include "shards.h"
#include "vectors.h"

namespace punktfunk::fec {
namespace {

using test::hex_of;

// Word t of a shard as section 14.1 cuts it, written without regard to speed.
std::uint16_t word_at(const Bytes& shard, std::size_t t) {
  const std::size_t start = t / 32 * 64;
  const std::size_t half = std::min<std::size_t>(64, shard.size() - start) / 2;
  return static_cast<std::uint16_t>(shard[start + t % 32] | shard[start + half + t % 32] << 8);
}

void put_word(Bytes& shard, std::size_t t, std::uint16_t word) {
  const std::size_t start = t / 32 * 64;
  const std::size_t half = std::min<std::size_t>(64, shard.size() - start) / 2;
  shard[start + t % 32] = static_cast<std::uint8_t>(word);
  shard[start + half + t % 32] = static_cast<std::uint8_t>(word >> 8);
}

// The closed form of the specification, with its own arithmetic for form and coefficient.
Shards closed_form(const Shards& data, std::size_t m) {
  const Gf16Field& field = Gf16Field::instance();
  const std::size_t k = data.all.size();
  const std::size_t bytes = data.all.front().size();
  std::size_t kp = 1;
  std::size_t mp = 1;
  while (kp < k) kp *= 2;
  while (mp < m) mp *= 2;
  const bool form_a = kp > mp || (kp == mp && k <= m);
  Shards parity(m, bytes);
  for (std::size_t j = 0; j < m; ++j) {
    for (std::size_t t = 0; t < bytes / 2; ++t) {
      std::uint16_t sum = 0;
      for (std::size_t i = 0; i < k; ++i) {
        const std::size_t over = form_a ? i / mp + 1 : j / kp + 1;
        const std::size_t under = form_a ? j ^ (mp + i) : (kp + j) ^ i;
        const std::uint16_t c =
            field.divide(static_cast<std::uint16_t>(over), static_cast<std::uint16_t>(under));
        sum = static_cast<std::uint16_t>(sum ^ field.multiply(c, word_at(data.all[i], t)));
      }
      put_word(parity.all[j], t, sum);
    }
  }
  return parity;
}

Shards encoded(Gf16Code& code, const Shards& data, std::size_t m) {
  Shards parity(m, data.all.front().size());
  const auto in = data.views();
  const auto out = parity.writable();
  EXPECT_TRUE(code.encode(in, out, data.all.front().size()));
  return parity;
}

TEST(Gf16Code, Vectors) {
  Gf16Code code;
  for (const auto& vector : test::vectors_named("fec16/")) {
    if (!vector["inputs"].contains("shard_len")) continue;
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    const auto& expected = vector["expected"];
    const auto m = inputs["m"].get<std::size_t>();
    Shards data(inputs["k"].get<std::size_t>(), inputs["shard_len"].get<std::size_t>());
    if (inputs.contains("data_hex")) {
      for (std::size_t i = 0; i < data.all.size(); ++i) data.all[i] = hex_of(inputs["data_hex"][i]);
    } else {
      data.fill_pattern();
    }
    const Shards parity = encoded(code, data, m);
    if (expected.contains("parity")) {
      for (std::size_t j = 0; j < m; ++j) EXPECT_EQ(to_hex(parity.all[j]), expected["parity"][j]) << j;
    } else {
      EXPECT_EQ(to_hex(crypto::sha256(parity.joined())), expected["parity_sha256"]);
    }
  }
}

// Both ways to encode against the closed form, over small and crooked shapes.
TEST(Gf16Code, BothEncodersMatchTheClosedForm) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf16Code code;
  for (int round = 0; round < 150; ++round) {
    const std::size_t k = 1 + random() % (round % 3 == 0 ? 70 : 12);
    const std::size_t m = 1 + random() % (round % 5 == 0 ? 70 : 12);
    const std::size_t bytes = 2 + 2 * (random() % 100);
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " bytes " + std::to_string(bytes));
    Shards data(k, bytes);
    data.fill(random);
    const Shards expected = closed_form(data, m);
    for (const auto method : {Gf16Code::Method::direct, Gf16Code::Method::transform}) {
      code.force(method);
      ASSERT_EQ(encoded(code, data, m).all, expected.all);
    }
  }
}

TEST(Gf16Code, LargeBlocksMatchTheClosedForm) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf16Code code;
  const std::size_t shapes[][2] = {{1000, 100}, {100, 1000}, {512, 512}, {513, 511},
                                   {4096, 410}, {3, 3000},   {3000, 3}};
  for (const auto& [k, m] : shapes) {
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m));
    Shards data(k, 6);
    data.fill(random);
    EXPECT_EQ(encoded(code, data, m).all, closed_form(data, m).all);
  }
}

TEST(Gf16Code, OneDataShardIsCopiedAndOneParityShardIsTheSum) {
  std::mt19937_64 random(3);
  Gf16Code code;
  Shards one(1, 70);
  one.fill(random);
  for (const Bytes& shard : encoded(code, one, 9).all) EXPECT_EQ(shard, one.all[0]);

  Shards many(37, 70);
  many.fill(random);
  Bytes sum(70);
  for (const Bytes& shard : many.all) {
    for (std::size_t b = 0; b < sum.size(); ++b) sum[b] = static_cast<std::uint8_t>(sum[b] ^ shard[b]);
  }
  EXPECT_EQ(encoded(code, many, 1).all[0], sum);
}

TEST(Gf16Code, RecoversEveryPatternOfASmallBlock) {
  std::mt19937_64 random(4);
  Gf16Code code;
  for (const auto& [k, m] : {std::pair<std::size_t, std::size_t>{5, 3}, {3, 5}, {4, 4}, {1, 2}, {6, 1}}) {
    Shards data(k, 66);
    data.fill(random);
    const Shards parity = encoded(code, data, m);
    for (std::size_t mask = 0; mask < (std::size_t{1} << (k + m)); ++mask) {
      SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " mask " + std::to_string(mask));
      Shards damaged = data;
      std::vector<std::uint8_t> present(k);
      std::size_t received = 0;
      for (std::size_t i = 0; i < k; ++i) {
        present[i] = static_cast<std::uint8_t>(mask >> i & 1);
        received += present[i];
        if (present[i] == 0) damaged.all[i].assign(66, 0xEE);
      }
      std::vector<const std::uint8_t*> rows(m);
      for (std::size_t j = 0; j < m; ++j) {
        rows[j] = (mask >> (k + j) & 1) != 0 ? parity.all[j].data() : nullptr;
        received += mask >> (k + j) & 1;
      }
      const Shards before = damaged;
      const auto pointers = damaged.writable();
      const bool recovered = code.recover(pointers, present, rows, 66);
      ASSERT_EQ(recovered, received >= k);
      ASSERT_EQ(damaged.all, recovered ? data.all : before.all);
    }
  }
}

constexpr Gf16Code::Method kMethods[] = {Gf16Code::Method::direct, Gf16Code::Method::transform,
                                         Gf16Code::Method::chosen};

TEST(Gf16Code, RecoversRandomPatterns) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf16Code code;
  for (int round = 0; round < 150; ++round) {
    const std::size_t k = 1 + random() % (round % 4 == 0 ? 400 : 30);
    const std::size_t m = 1 + random() % (round % 3 == 0 ? 120 : 30);
    const std::size_t bytes = 2 + 2 * (random() % 100);
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " bytes " + std::to_string(bytes));
    Shards data(k, bytes);
    data.fill(random);
    const Shards parity = encoded(code, data, m);
    const std::size_t worst = std::min(k, m);
    for (const auto method : kMethods) {
      code.force(method);
      ASSERT_TRUE(recovers(code, data, parity, 0, m, random));
      ASSERT_TRUE(recovers(code, data, parity, worst, worst, random));  // exactly k present
      const std::size_t lost = random() % (worst + 1);
      ASSERT_TRUE(recovers(code, data, parity, lost, lost + random() % (m - lost + 1), random));
      ASSERT_FALSE(recovers(code, data, parity, worst, worst - 1, random));
    }
  }
}

// Weights are kept for the next block of the same shape and loss, and only for that.
TEST(Gf16Code, RepeatedShapesAndLossesAmongOthers) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  Gf16Code code;
  constexpr std::size_t kBytes = 66;
  for (int round = 0; round < 600; ++round) {
    // Few shapes, losses and sets of rows, so that one often follows itself; 20 and 300 + 3 differ in high
    // parts.
    const std::size_t k = random() % 4 == 0 ? 300 : 20;
    const std::size_t m = 2 + random() % 2;
    SCOPED_TRACE("round " + std::to_string(round) + " k " + std::to_string(k) + " m " + std::to_string(m));
    Shards data(k, kBytes);
    data.fill(random);
    Gf16Code other;
    const Shards parity = random() % 2 == 0 ? encoded(code, data, m) : encoded(other, data, m);
    ASSERT_EQ(parity.all, encoded(other, data, m).all);
    Shards damaged = data;
    std::vector<std::uint8_t> present(k, 1);
    std::vector<const std::uint8_t*> rows = parity.views();
    present[3 + random() % 2] = 0;
    if (random() % 2 == 0) {
      present[7] = 0;
    } else {
      rows[random() % 2] = nullptr;
    }
    for (std::size_t i = 0; i < k; ++i) {
      if (present[i] == 0) damaged.all[i].assign(kBytes, 0xEE);
    }
    ASSERT_TRUE(code.recover(damaged.writable(), present, rows, kBytes));
    ASSERT_EQ(damaged.all, data.all);
  }
}

TEST(Gf16Code, RecoversLargeBlocks) {
  std::mt19937_64 random(5);
  Gf16Code code;
  const std::size_t shapes[][3] = {
      {1000, 200, 200}, {4096, 410, 300}, {300, 700, 300}, {3, 3000, 3}, {3000, 3, 2}};
  for (const auto& [k, m, lost] : shapes) {
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m));
    Shards data(k, 130);
    data.fill(random);
    const Shards parity = encoded(code, data, m);
    for (const auto method : kMethods) {
      code.force(method);
      EXPECT_TRUE(recovers(code, data, parity, lost, lost, random));
    }
  }
}

// The largest shapes a peer can send: right, and within the bound on memory.
TEST(Gf16Code, TheLargestBlocksStayWithinTheMemoryBound) {
  std::mt19937_64 random(6);
  Gf16Code code;
  const std::size_t shapes[][3] = {{32768, 32767, 32767}, {57344, 5000, 4000}, {16000, 49000, 16000}};
  for (const auto& [k, m, lost] : shapes) {
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m));
    Shards data(k, 66);
    data.fill(random);
    EXPECT_TRUE(recovers(code, data, encoded(code, data, m), lost, lost, random));
    EXPECT_LE(code.scratch_bytes(), Gf16Code::kMaxScratchBytes);
  }
  // Nothing more is needed for what has been seen before, or for less.
  const std::size_t held = code.scratch_bytes();
  Shards data(200, 66);
  data.fill(random);
  EXPECT_TRUE(recovers(code, data, encoded(code, data, 40), 40, 40, random));
  EXPECT_EQ(code.scratch_bytes(), held);
}

TEST(Gf16Code, ShapesOutsideTheFieldAreRefused) {
  EXPECT_FALSE(Gf16Code::supports(0, 1));
  EXPECT_TRUE(Gf16Code::supports(65535, 0));
  EXPECT_FALSE(Gf16Code::supports(65535, 1));
  EXPECT_TRUE(Gf16Code::supports(65534, 1));
  EXPECT_TRUE(Gf16Code::supports(32768, 32767));
  EXPECT_FALSE(Gf16Code::supports(32769, 32766));  // 32768 + 32769 points
  EXPECT_FALSE(Gf16Code::supports(60000, 5000));   // 8192 + 60000 points
  EXPECT_TRUE(Gf16Code::supports(57344, 5000));    // 8192 + 57344 = 65536

  Gf16Code code;
  Shards data(2, 8);
  Shards parity(2, 8);
  EXPECT_FALSE(code.encode(data.views(), parity.writable(), 7));
  EXPECT_FALSE(code.encode(data.views(), parity.writable(), 0));
  EXPECT_FALSE(code.encode({}, parity.writable(), 8));
  EXPECT_TRUE(code.encode(data.views(), {}, 8));
  const std::vector<std::uint8_t> too_short(1, 1);
  EXPECT_FALSE(code.recover(data.writable(), too_short, parity.views(), 8));
}

}  // namespace
}  // namespace punktfunk::fec
