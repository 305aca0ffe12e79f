// SPDX-License-Identifier: MIT OR Apache-2.0
// Every kernel set against the scalar reference.
#include "core/fec/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "core/fec/gf16_code.h"
#include "seed.h"

namespace punktfunk::fec {
namespace {

class KernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  ~KernelsTest() override { use_kernels(*before_); }
  const Kernels* before_ = &active_kernels();
};

constexpr Gf16Code::Method kMethods[] = {Gf16Code::Method::direct, Gf16Code::Method::transform,
                                         Gf16Code::Method::chosen};

// All ways give the scalar set's bytes, at odd addresses, and touch nothing outside the shards.
TEST_P(KernelsTest, SameAsScalar) {
  std::mt19937_64 random(test::new_seed());
  Gf16Code code;
  for (int round = 0; round < 400; ++round) {
    const std::size_t k = 1 + random() % (round % 10 == 0 ? 600 : 40);
    const std::size_t m = 1 + random() % (round % 7 == 0 ? 300 : 20);
    const std::size_t bytes = 2 + 2 * (random() % (k > 40 ? 70 : 400));
    const std::size_t stride = bytes + 1 + random() % 64;
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " bytes " + std::to_string(bytes));
    code.force(kMethods[static_cast<std::size_t>(round) % 3]);

    const std::size_t shift = random() % 64;
    Bytes memory(shift + (k + m) * stride);
    for (std::uint8_t& byte : memory) byte = static_cast<std::uint8_t>(random());
    std::vector<std::uint8_t> present(k, 1);
    std::fill_n(present.begin(), random() % (std::min(k, m) + 1), std::uint8_t{0});
    std::shuffle(present.begin(), present.end(), random);

    const auto run = [&](const Kernels& kernels) {
      use_kernels(kernels);
      Bytes result = memory;
      std::vector<std::uint8_t*> shards(k + m);
      for (std::size_t i = 0; i < k + m; ++i) shards[i] = result.data() + shift + i * stride;
      const std::span<std::uint8_t*> data = std::span(shards).first(k);
      const std::span<std::uint8_t*> parity = std::span(shards).subspan(k);
      const std::vector<const std::uint8_t*> sources(data.begin(), data.end());
      EXPECT_TRUE(code.encode(sources, parity, bytes));
      const Bytes encoded = result;
      for (std::size_t i = 0; i < k; ++i) {
        if (present[i] == 0) std::fill_n(data[i], bytes, std::uint8_t{0xEE});
      }
      const std::vector<const std::uint8_t*> received(parity.begin(), parity.end());
      EXPECT_TRUE(code.recover(data, present, received, bytes));
      EXPECT_EQ(result, encoded);
      return result;
    };
    ASSERT_EQ(run(*GetParam()), run(*available_kernels().front()));
  }
}

// The ends of what the field allows, up to 65,535 shards, with tails.
TEST_P(KernelsTest, SameAsScalarForTheLargestBlocks) {
  std::mt19937_64 random(test::new_seed());
  Gf16Code code;
  const std::size_t shapes[][2] = {{32768, 32767}, {57344, 5000},  {65534, 1},
                                   {1, 65534},     {16000, 49000}, {3, 60000}};
  for (const auto& shape : shapes) {
    // Not a structured binding: clang 14 cannot capture one.
    const std::size_t k = shape[0];
    const std::size_t m = shape[1];
    const std::size_t bytes = 2 + 2 * (random() % 50);
    const std::size_t lost = 1 + random() % std::min(k, m);
    SCOPED_TRACE("k " + std::to_string(k) + " m " + std::to_string(m) + " bytes " + std::to_string(bytes) +
                 " lost " + std::to_string(lost));
    Bytes memory((k + m) * bytes);
    for (std::uint8_t& byte : memory) byte = static_cast<std::uint8_t>(random());
    std::vector<std::uint8_t> present(k, 1);
    std::fill_n(present.begin(), lost, std::uint8_t{0});
    std::shuffle(present.begin(), present.end(), random);
    const auto encode = [&](const Kernels& kernels) {
      use_kernels(kernels);
      Bytes result = memory;
      std::vector<const std::uint8_t*> data(k);
      std::vector<std::uint8_t*> parity(m);
      for (std::size_t i = 0; i < k; ++i) data[i] = &result[i * bytes];
      for (std::size_t j = 0; j < m; ++j) parity[j] = &result[(k + j) * bytes];
      EXPECT_TRUE(code.encode(data, parity, bytes));
      return result;
    };
    const Bytes encoded = encode(*GetParam());
    ASSERT_TRUE(encoded == encode(*available_kernels().front()));

    use_kernels(*GetParam());
    Bytes damaged = encoded;
    std::vector<std::uint8_t*> data(k);
    std::vector<const std::uint8_t*> parity(m);
    for (std::size_t i = 0; i < k; ++i) {
      data[i] = &damaged[i * bytes];
      if (present[i] == 0) std::fill_n(data[i], bytes, std::uint8_t{0xEE});
    }
    for (std::size_t j = 0; j < m; ++j) parity[j] = &damaged[(k + j) * bytes];
    ASSERT_TRUE(code.recover(data, present, parity, bytes));
    ASSERT_TRUE(damaged == encoded);
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, KernelsTest,
                         testing::ValuesIn(available_kernels().begin(), available_kernels().end()),
                         [](const auto& set) { return std::string(set.param->name); });

// What this CPU should be given, told without dispatch.cc.
std::string best_set() {
#if defined(__aarch64__)
  return "neon";
#elif defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2");
  if (__builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return "avx512_gfni";
  }
  if (avx2) return __builtin_cpu_supports("gfni") ? "avx2_gfni" : "avx2";
  return __builtin_cpu_supports("ssse3") ? "ssse3" : "scalar";
#else
  return "scalar";
#endif
}

// In the runs that CMakeLists.txt starts with the variable set, the set it names; in the others, the best.
TEST(Kernels, TheVariableForcesTheSet) {
  const char* const wanted = std::getenv("PUNKTFUNK_FEC_KERNEL");
  const auto all = available_kernels();
  if (wanted != nullptr && std::none_of(all.begin(), all.end(), [&](const Kernels* set) {
        return std::string(set->name) == wanted;
      })) {
    GTEST_SKIP() << "This CPU has no kernel set " << wanted;
  }
  EXPECT_EQ(active_kernels().name, wanted != nullptr ? std::string(wanted) : best_set());
}

}  // namespace
}  // namespace punktfunk::fec
