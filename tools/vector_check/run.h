// SPDX-License-Identifier: MIT OR Apache-2.0
// One vector being checked, and the table of checks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "core/wire/mode.h"

namespace punktfunk::vector_check {

using Json = nlohmann::json;

// A vector that cannot be read as one of its kind: it fails with this text.
class BadVector : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Typed access to a JSON object. Every getter throws BadVector, naming the key, when the value is missing or
// of the wrong kind. Numbers may be JSON numbers, decimal strings, or strings with 0x.
class Object {
 public:
  Object(const Json& json, std::string name) : json_(&json), name_(std::move(name)) {}

  // Present and not null. A key that was asked for counts as looked at.
  [[nodiscard]] bool has(std::string_view key) const;
  // Says that `key` explains in words what other keys state in bytes: nothing to compare.
  void prose(std::string_view key) const { (void)has(key); }
  // The keys nobody asked for.
  [[nodiscard]] std::vector<std::string> untouched() const;
  [[nodiscard]] const Json& at(std::string_view key) const;

  [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t limit = UINT64_MAX) const;
  template <std::unsigned_integral T>
  [[nodiscard]] T get(std::string_view key) const {
    return static_cast<T>(number(key, std::numeric_limits<T>::max()));
  }
  // `absent` when the key is not there.
  template <std::unsigned_integral T>
  [[nodiscard]] T get(std::string_view key, T absent) const {
    return has(key) ? get<T>(key) : absent;
  }
  [[nodiscard]] std::int64_t signed_number(std::string_view key) const;
  template <std::signed_integral T>
  [[nodiscard]] T get_signed(std::string_view key) const;
  [[nodiscard]] double real(std::string_view key) const;
  [[nodiscard]] bool boolean(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string absent) const;
  [[nodiscard]] Bytes bytes(std::string_view key) const;  // from hexadecimal
  template <std::size_t N>
  [[nodiscard]] std::array<std::uint8_t, N> array(std::string_view key) const;
  [[nodiscard]] std::vector<std::uint64_t> numbers(std::string_view key,
                                                   std::uint64_t limit = UINT64_MAX) const;
  [[nodiscard]] wire::Mode mode(std::string_view key) const;  // "1920x1080@60"

 private:
  [[noreturn]] void bad(std::string_view key, std::string_view wanted) const;
  const Json* json_;
  std::string name_;
  mutable std::set<std::string, std::less<>> touched_;
};

// A number as Object reads them; nullopt when it is none.
[[nodiscard]] std::optional<std::uint64_t> to_number(const Json& json);

class VectorFile {
 public:
  explicit VectorFile(Json json) : json_(std::move(json)) {}
  // Throws BadVector when the file has no list "vectors".
  [[nodiscard]] const Json& vectors() const;
  // nullptr when there is none of that name, or the first whose name begins with it.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] const Json* find_prefix(std::string_view prefix) const;

 private:
  Json json_;
};

// Collects what one vector's check finds.
class Run {
 public:
  Run(const VectorFile& file, const Json& vector);

  [[nodiscard]] const std::string& name() const { return name_; }
  const VectorFile& file;
  Object inputs;
  Object expected;

  void expect(std::string_view what, const std::string& wanted, const std::string& got);
  void expect(std::string_view what, std::uint64_t wanted, std::uint64_t got) {
    expect(what, std::to_string(wanted), std::to_string(got));
  }
  void expect_signed(std::string_view what, std::int64_t wanted, std::int64_t got) {
    expect(what, std::to_string(wanted), std::to_string(got));
  }
  void expect_true(std::string_view what, bool got) {
    expect(what, std::string("true"), got ? "true" : "false");
  }
  void expect_bool(std::string_view what, bool wanted, bool got) {
    expect(what, std::string(wanted ? "true" : "false"), got ? "true" : "false");
  }
  // Compares with the hexadecimal value of `key` in the expected part.
  void expect_hex(std::string_view key, ByteView got) { expect(key, expected.text(key), to_hex(got)); }
  // The same where the expected part may lack the key.
  void expect_hex_if_stated(std::string_view key, ByteView got) {
    if (expected.has(key)) expect_hex(key, got);
  }
  // "drop", "refuse", "incomplete": the expected result, compared with what happened.
  void expect_result(const std::string& got) { expect("result", expected.text("result"), got); }
  [[nodiscard]] bool expects_result(std::string_view result) const;

  void mismatch(std::string what, std::string wanted, std::string got) {
    mismatches_.push_back({std::move(what), std::move(wanted), std::move(got)});
  }
  void skip(std::string reason) { skipped_ = std::move(reason); }

  struct Mismatch {
    std::string what, wanted, got;
  };
  [[nodiscard]] const std::vector<Mismatch>& mismatches() const { return mismatches_; }
  [[nodiscard]] bool is_skipped() const { return !skipped_.empty(); }
  [[nodiscard]] const std::string& skip_reason() const { return skipped_; }
  [[nodiscard]] bool compared_anything() const { return comparisons_ > 0; }

 private:
  std::string name_;
  std::vector<Mismatch> mismatches_;
  std::string skipped_;
  std::size_t comparisons_ = 0;
};

using Check = std::function<void(Run&)>;

class Registry {
 public:
  // `name_prefix` may be empty: every vector of the section that no longer prefix claims.
  void add(std::string section, std::string name_prefix, Check check);
  // The check with the longest matching prefix; nullptr when the area is not implemented.
  [[nodiscard]] const Check* find(const std::string& section, const std::string& name) const;

 private:
  struct Entry {
    std::string prefix;
    Check check;
  };
  std::map<std::string, std::vector<Entry>> by_section_;
};

template <std::signed_integral T>
T Object::get_signed(std::string_view key) const {
  const std::int64_t value = signed_number(key);
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
    bad(key, "number that fits its type");
  return static_cast<T>(value);
}

template <std::size_t N>
std::array<std::uint8_t, N> Object::array(std::string_view key) const {
  const Bytes value = bytes(key);
  if (value.size() != N) bad(key, "value of " + std::to_string(N) + " bytes");
  std::array<std::uint8_t, N> out;
  std::copy(value.begin(), value.end(), out.begin());
  return out;
}

}  // namespace punktfunk::vector_check
