// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace punktfunk::test {

// A seed for one property test, printed so that a failure can be repeated: PUNKTFUNK_TEST_SEED=<n> sets it.
inline std::uint64_t new_seed() {
  const char* const wanted = std::getenv("PUNKTFUNK_TEST_SEED");
  const std::uint64_t seed = wanted != nullptr ? std::stoull(wanted) : std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

}  // namespace punktfunk::test
