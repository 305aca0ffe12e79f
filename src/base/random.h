// SPDX-License-Identifier: MIT OR Apache-2.0
// Randomness is passed in, so that tests repeat from a printed seed.
#pragma once

#include <array>
#include <cstdint>
#include <random>

#include "base/bytes.h"

namespace punktfunk {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(MutableBytes out) = 0;

  template <std::size_t N>
  [[nodiscard]] std::array<std::uint8_t, N> bytes() {
    std::array<std::uint8_t, N> out;
    fill(out);
    return out;
  }
};

// getrandom(2); aborts the program if the kernel refuses, since nothing secure can follow. Thread-safe.
class SystemRandom final : public RandomSource {
 public:
  void fill(MutableBytes out) override;
};

// Repeatable, not secure; for tests and simulations only. Not thread-safe.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutableBytes out) override;
  [[nodiscard]] std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace punktfunk
