// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/fec/cauchy.h"
#include "core/fec/gf16_generator.h"
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

TEST(CauchyInverse, TimesTheMatrixIsIdentity) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  const Gf16Field& field = Gf16Field::instance();
  for (const std::size_t e : {1u, 2u, 7u, 40u}) {
    std::vector<std::uint16_t> points(65536);
    for (std::size_t i = 0; i < points.size(); ++i) points[i] = static_cast<std::uint16_t>(i);
    std::shuffle(points.begin(), points.end(), random);
    const std::vector<std::uint16_t> x(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(e));
    const std::vector<std::uint16_t> y(points.end() - static_cast<std::ptrdiff_t>(e), points.end());
    const CauchyInverse inverse(x, y, field.log_table(), Gf16Field::kOrder);
    for (std::size_t b = 0; b < e; ++b) {
      for (std::size_t c = 0; c < e; ++c) {
        std::uint16_t sum = 0;
        for (std::size_t a = 0; a < e; ++a) {
          const std::uint16_t entry = field.divide(1, static_cast<std::uint16_t>(x[a] ^ y[c]));
          sum = static_cast<std::uint16_t>(sum ^ field.multiply(field.exp(inverse.log_at(b, a)), entry));
        }
        ASSERT_EQ(sum, b == c ? 1 : 0) << e;
      }
    }
  }
}

}  // namespace
}  // namespace punktfunk::fec
