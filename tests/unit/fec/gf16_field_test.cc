// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_field.h"

#include <gtest/gtest.h>

#include <random>

#include "core/fec/gf16_generator.h"
#include "core/fec/gf16_locator.h"
#include "core/fec/kernels/tower.h"
#include "seed.h"
#include "vectors.h"

namespace punktfunk::fec {
namespace {

TEST(Gf16Field, Vectors) {
  const auto vector = test::vectors_named("fec16/field").front();
  const Gf16Field& field = Gf16Field::instance();
  for (const auto& op : vector["expected"]["mul"])
    EXPECT_EQ(field.multiply(op[0], op[1]), op[2].get<int>()) << op;
  for (const auto& op : vector["expected"]["div"])
    EXPECT_EQ(field.divide(op[0], op[1]), op[2].get<int>()) << op;
  for (const auto& pair : vector["expected"]["field_element_of_word"]) {
    EXPECT_EQ(Gf16Field::element_of(pair[0]), test::number_of(pair[1])) << pair;
  }
}

TEST(Gf16Field, Laws) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const Gf16Field& field = Gf16Field::instance();
  for (int i = 0; i < 100000; ++i) {
    const auto a = static_cast<std::uint16_t>(random());
    const auto b = static_cast<std::uint16_t>(random());
    const auto c = static_cast<std::uint16_t>(random() | 1);
    ASSERT_EQ(field.multiply(static_cast<std::uint16_t>(a ^ b), c),
              field.multiply(a, c) ^ field.multiply(b, c));
    ASSERT_EQ(field.multiply(field.divide(a, c), c), a);
  }
}

// What the FFT's twiddle factors rest on: w² + w is the word shifted right by one.
TEST(Gf16Field, CantorBasisShifts) {
  const Gf16Field& field = Gf16Field::instance();
  for (std::uint32_t w = 0; w <= Gf16Field::kOrder; ++w) {
    const auto word = static_cast<std::uint16_t>(w);
    ASSERT_EQ(field.multiply(word, word) ^ word, w >> 1);
  }
}

TEST(Gf16Generator, VectorRows) {
  const auto vector = test::vectors_named("fec16/generator-coefficients").front();
  for (const auto& shape : vector["inputs"]["cases"]) {
    const auto k = shape[0].get<std::size_t>();
    const auto m = shape[1].get<std::size_t>();
    const auto& rows = vector["expected"]["rows"]["k" + std::to_string(k) + "-m" + std::to_string(m)];
    const Gf16Generator generator(k, m);
    for (std::size_t j = 0; j < m; ++j) {
      for (std::size_t i = 0; i < k; ++i) EXPECT_EQ(generator.coefficient(j, i), rows[j][i].get<int>());
    }
  }
}

TEST(TowerTables, LowConstantsMultiplyBothPartsAlike) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const Gf16Field& field = Gf16Field::instance();
  const TowerTables& tables = TowerTables::instance();
  const auto low_product = [&](unsigned c, unsigned v) {
    return unsigned{tables.nibbles[c][0][v & 15]} ^ tables.nibbles[c][1][v >> 4];
  };
  for (int i = 0; i < 100000; ++i) {
    const auto word = static_cast<std::uint16_t>(random());
    const auto other = static_cast<std::uint16_t>(random());
    const TowerWord c = tables.from_word(word);
    const TowerWord v = tables.from_word(other);
    ASSERT_EQ(tables.from_word(v), other);
    // c0·v + c1·(β·v)
    const unsigned lifted_low = low_product(0x80, v >> 8);
    const unsigned lifted_high = (v & 0xFFu) ^ (v >> 8);
    const unsigned low = low_product(c & 0xFF, v & 0xFF) ^ low_product(c >> 8, lifted_low);
    const unsigned high = low_product(c & 0xFF, v >> 8) ^ low_product(c >> 8, lifted_high);
    ASSERT_EQ(tables.from_word(low | high << 8), field.multiply(word, other));
  }
}

TEST(Locator, MatchesTheProduct) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const Gf16Field& field = Gf16Field::instance();
  for (const std::size_t size : {2u, 16u, 512u, 65536u}) {
    std::vector<std::int32_t> points(size);
    const std::size_t every = 1 + random() % 5;
    for (auto& point : points) point = random() % every == 0 ? 1 : 0;
    const std::vector<std::int32_t> erased = points;
    locate_erasures(points);
    for (int round = 0; round < 20; ++round) {
      const std::size_t x = random() % size;
      std::uint64_t log = 0;
      for (std::size_t y = 0; y < size; ++y) {
        if (y != x && erased[y] != 0) log += field.log(static_cast<std::uint16_t>(x ^ y));
      }
      ASSERT_EQ(static_cast<std::uint64_t>(points[x]), log % Gf16Field::kOrder) << size << " " << x;
    }
  }
}

}  // namespace
}  // namespace punktfunk::fec
