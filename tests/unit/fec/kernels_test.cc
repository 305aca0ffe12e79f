// SPDX-License-Identifier: MIT OR Apache-2.0
// Every kernel set against the scalar reference, at odd addresses and lengths.
#include "core/fec/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "base/bytes.h"
#include "core/fec/gf16_fft.h"
#include "core/fec/gf16_field.h"
#include "seed.h"

namespace punktfunk::fec {
namespace {

class KernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  static constexpr std::size_t kSlack = 64;

  Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }

  // Runs `loop` with both sets on equal input at a random misalignment; bytes outside the range must not
  // change.
  template <class Loop>
  void compare(std::size_t bytes, Loop loop) {
    const std::size_t x_shift = random_() % kSlack;
    const std::size_t y_shift = random_() % kSlack;
    const Bytes x = random_bytes(bytes + 2 * kSlack);
    const Bytes y = random_bytes(bytes + 2 * kSlack);
    Bytes x_expected = x;
    Bytes y_expected = y;
    loop(*available_kernels().front(), x_expected.data() + x_shift, y_expected.data() + y_shift);
    Bytes x_actual = x;
    Bytes y_actual = y;
    loop(*GetParam(), x_actual.data() + x_shift, y_actual.data() + y_shift);
    ASSERT_EQ(x_actual, x_expected) << bytes;
    ASSERT_EQ(y_actual, y_expected) << bytes;
  }

  std::mt19937_64 random_{test::new_seed()};
};

TEST_P(KernelsTest, SameAsScalar) {
  for (int round = 0; round < 2000; ++round) {
    const std::size_t bytes = random_() % 400;
    compare(bytes, [&](const Kernels& k, std::uint8_t* x, std::uint8_t* y) { k.add(x, y, bytes); });

    Gf8Tables c8;
    for (auto& row : c8.product) {
      for (std::uint8_t& byte : row) byte = static_cast<std::uint8_t>(random_());
    }
    compare(bytes,
            [&](const Kernels& k, std::uint8_t* x, std::uint8_t* y) { k.gf8_multiply_add(x, y, c8, bytes); });

    const std::size_t even = bytes & ~std::size_t{1};
    const Gf16Tables c = make_tables(static_cast<std::uint16_t>(random_()));
    compare(even,
            [&](const Kernels& k, std::uint8_t* x, std::uint8_t* y) { k.gf16_multiply_add(x, y, c, even); });
    compare(even, [&](const Kernels& k, std::uint8_t* x, std::uint8_t* y) { k.gf16_fft(x, y, c, even); });
    compare(even, [&](const Kernels& k, std::uint8_t* x, std::uint8_t* y) { k.gf16_ifft(x, y, c, even); });
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, KernelsTest,
                         testing::ValuesIn(available_kernels().begin(), available_kernels().end()),
                         [](const auto& set) { return std::string(set.param->name); });

// Meant for the runs that CMakeLists.txt starts with the variable set; trivially true without it.
TEST(Kernels, TheVariableForcesTheSet) {
  const char* const wanted = std::getenv("PUNKTFUNK_FEC_KERNEL");
  const Kernels* expected = available_kernels().back();
  for (const Kernels* const set : available_kernels()) {
    if (wanted != nullptr && std::string(wanted) == set->name) expected = set;
  }
  EXPECT_EQ(&active_kernels(), expected);
}

// The reference itself, against the field.
TEST(Kernels, ScalarMultiplyAddIsFieldArithmetic) {
  const Kernels& scalar = *available_kernels().front();
  ASSERT_STREQ(scalar.name, "scalar");
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    const auto c = static_cast<std::uint16_t>(random());
    const auto in = static_cast<std::uint16_t>(random());
    const auto out = static_cast<std::uint16_t>(random());
    std::uint8_t in_bytes[2];
    std::uint8_t out_bytes[2];
    store_le(in_bytes, in);
    store_le(out_bytes, out);
    scalar.gf16_multiply_add(out_bytes, in_bytes, make_tables(c), 2);
    ASSERT_EQ(load_le<std::uint16_t>(out_bytes), out ^ Gf16Field::instance().multiply(c, in));
  }
}

TEST(Kernels, InverseButterflyUndoesTheButterfly) {
  std::mt19937_64 random(2);
  Bytes x(128);
  Bytes y(128);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<std::uint8_t>(random());
    y[i] = static_cast<std::uint8_t>(random());
  }
  const Bytes x_before = x;
  const Bytes y_before = y;
  const Gf16Tables c = make_tables(0x1234);
  active_kernels().gf16_fft(x.data(), y.data(), c, x.size());
  EXPECT_NE(x, x_before);
  active_kernels().gf16_ifft(x.data(), y.data(), c, x.size());
  EXPECT_EQ(x, x_before);
  EXPECT_EQ(y, y_before);
}

}  // namespace
}  // namespace punktfunk::fec
