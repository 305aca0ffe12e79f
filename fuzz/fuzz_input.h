// SPDX-License-Identifier: MIT OR Apache-2.0
// What every fuzz target shares: a reader that takes values off the front of the input, so that seeds can be
// written by hand, and a check that ends the run.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"

namespace punktfunk::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  // Little-endian. Missing bytes read as zero.
  template <std::unsigned_integral T>
  [[nodiscard]] T take() {
    std::uint8_t bytes[sizeof(T)] = {};
    const ByteView present = take_bytes(sizeof(T));
    std::copy(present.begin(), present.end(), bytes);
    return load_le<T>(bytes);
  }
  // At most `count` bytes, fewer at the end.
  [[nodiscard]] ByteView take_bytes(std::size_t count) {
    const ByteView taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // Copied to a buffer of exactly this size, so that the address sanitizer sees a read past the end.
  [[nodiscard]] Bytes take_rest() {
    const ByteView taken = take_bytes(rest_.size());
    return {taken.begin(), taken.end()};
  }

 private:
  ByteView rest_;
};

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "Does not hold: %s\n", what);
  std::abort();
}

// A message that was accepted is written and read again without a change.
template <class Message>
void check_message(ByteView body) {
  const auto first = Message::decode(body);
  if (!first) return;
  const auto written = first->encode();
  const auto second = Message::decode(written);
  require(second.has_value(), "what was written is read");
  require(*second == *first, "what was read is what was written");
  require(second->encode() == written, "writing is stable");
}

// For messages that leave zeros out when they are written, so that an absent value and a zero become the
// same.
template <class Message>
void check_rewriting(ByteView body) {
  const auto first = Message::decode(body);
  if (!first) return;
  const auto written = first->encode();
  const auto second = Message::decode(written);
  require(second.has_value(), "what was written is read");
  require(second->encode() == written, "writing is stable");
}

}  // namespace punktfunk::fuzz
