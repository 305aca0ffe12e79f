// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>

namespace punktfunk::media {

// Counts the bytes held for frames under way against a fixed limit (section 13.5: 4 × max_frame_bytes). It
// counts capacities, that is what is really allocated, and never what a header claims. While a buffer grows,
// the old and the new one count together.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] bool fits(std::size_t bytes) const { return bytes <= limit_ - used_; }
  void take(std::size_t bytes) { used_ += bytes; }
  void give(std::size_t bytes) { used_ -= bytes; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace punktfunk::media
