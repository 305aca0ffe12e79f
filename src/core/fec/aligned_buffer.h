// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace punktfunk::fec {

// Memory on a cache-line boundary that only ever grows. Contents are lost when it does.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  // At least `bytes` bytes, uninitialised; valid until the next call. Throws std::bad_alloc.
  [[nodiscard]] std::uint8_t* ensure(std::size_t bytes) {
    if (bytes > capacity_) {
      const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
      bytes_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, rounded)));
      capacity_ = bytes_ ? rounded : 0;
      if (!bytes_) throw std::bad_alloc();
    }
    return bytes_.get();
  }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace punktfunk::fec
