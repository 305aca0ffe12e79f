// SPDX-License-Identifier: MIT OR Apache-2.0
// Tag-length-value fields, the body of every control message (protocol section 5.2).
//
// FieldWriter appends them, FieldReader walks them, FieldTable holds a whole message body by tag and applies
// the rules all messages share: an overrun or a repeated tag refuses the message, an absent tag leaves
// the default, an integer must have 1 to 8 bytes and fit its type. No class here copies a value: views
// stay valid as long as the body given.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "core/wire/mode.h"

namespace punktfunk::wire {

class FieldWriter {
 public:
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) FieldWriter& integer(std::uint64_t tag, T value) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    store_le(bytes.data(), value);
    return this->bytes(tag, bytes);
  }
  FieldWriter& boolean(std::uint64_t tag, bool value) {
    return integer(tag, static_cast<std::uint8_t>(value));
  }
  FieldWriter& bytes(std::uint64_t tag, ByteView value);
  FieldWriter& text(std::uint64_t tag, std::string_view value) { return bytes(tag, as_bytes(value)); }
  FieldWriter& mode(std::uint64_t tag, const Mode& value) { return bytes(tag, value.encode()); }

  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

struct Field {
  std::uint64_t tag;
  ByteView value;
};

class FieldReader {
 public:
  explicit FieldReader(ByteView body) : rest_(body) {}

  // nullopt at the end and on a field that runs past the body; malformed() tells them apart.
  [[nodiscard]] std::optional<Field> next();
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  ByteView rest_;
  bool malformed_ = false;
};

// Little-endian, 1 to 8 bytes. nullopt: another length, or a number above `limit`.
[[nodiscard]] std::optional<std::uint64_t> read_integer(ByteView value, std::uint64_t limit);

template <std::unsigned_integral T>
[[nodiscard]] bool read_integer_into(ByteView value, T& out) {
  const auto number = read_integer(value, std::numeric_limits<T>::max());
  if (number) out = static_cast<T>(*number);
  return number.has_value();
}

enum class Repeats {
  refuse_known,  // the rule of most messages: an unknown tag may repeat
  refuse_any,    // ClientHello and ServerHello
};

class FieldTable {
 public:
  // No message of the protocol has a tag above 27.
  static constexpr std::uint64_t kMaxTag = 31;

  // nullopt: a field runs past the body or a tag repeats. Tags above `highest_known` (at most kMaxTag) and
  // tag 0 are unknown and skipped.
  [[nodiscard]] static std::optional<FieldTable> read(ByteView body, std::uint64_t highest_known,
                                                      Repeats repeats = Repeats::refuse_known);

  [[nodiscard]] bool has(std::uint64_t tag) const { return ((present_ >> tag) & 1U) != 0; }
  // Empty when absent.
  [[nodiscard]] ByteView value(std::uint64_t tag) const { return values_[tag]; }

  // The getters leave `out` alone when the tag is absent. false: the field is there and breaks its rule, so
  // the message is refused.
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) [[nodiscard]] bool get(std::uint64_t tag, T& out) const {
    return !has(tag) || read_integer_into(value(tag), out);
  }
  [[nodiscard]] bool get(std::uint64_t tag, bool& out) const;
  [[nodiscard]] bool get(std::uint64_t tag, Mode& out) const;
  // Valid UTF-8 of at most `max_bytes`.
  [[nodiscard]] bool get(std::uint64_t tag, std::string& out, std::size_t max_bytes) const;
  // At most `max_bytes`.
  [[nodiscard]] bool get(std::uint64_t tag, Bytes& out, std::size_t max_bytes) const;
  // Exactly N bytes.
  template <std::size_t N>
  [[nodiscard]] bool get(std::uint64_t tag, std::array<std::uint8_t, N>& out) const {
    if (!has(tag)) return true;
    if (value(tag).size() != N) return false;
    std::copy(value(tag).begin(), value(tag).end(), out.begin());
    return true;
  }

 private:
  std::array<ByteView, kMaxTag + 1> values_{};
  std::uint32_t present_ = 0;
};

}  // namespace punktfunk::wire
