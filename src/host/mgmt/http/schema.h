// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace punktfunk::host::http {

// The shape of a JSON value: published in the OpenAPI document as JSON Schema, and checked by the very same
// text, so that the two cannot differ. A value type; the keywords are those that the functions below make.
class Schema {
 public:
  struct Field;

  // `max_length` counts characters (code points).
  [[nodiscard]] static Schema text(std::size_t max_length = 256);
  [[nodiscard]] static Schema one_of(const std::vector<std::string>& words);
  // Both inclusive.
  [[nodiscard]] static Schema integer(std::int64_t min, std::int64_t max);
  // From 0 to 2^53-1, the largest number that every reader of JSON keeps exactly.
  [[nodiscard]] static Schema count() { return integer(0, (std::int64_t{1} << 53) - 1); }
  [[nodiscard]] static Schema number();
  [[nodiscard]] static Schema boolean();
  [[nodiscard]] static Schema array(const Schema& items, std::size_t max_items = 1024);
  // No other fields than these.
  [[nodiscard]] static Schema object(const std::vector<Field>& fields);
  // Any names, each with a value of this shape.
  [[nodiscard]] static Schema map(const Schema& values);
  [[nodiscard]] static Schema any();
  // `shape`, published once under components/schemas and referred to by `name` (letters and digits).
  [[nodiscard]] static Schema named(const std::string& name, const Schema& shape);

  // The same with a sentence about it, or as allowing null.
  [[nodiscard]] Schema about(const std::string& description) const;
  [[nodiscard]] Schema or_null() const;

  // JSON Schema, with references to components for what is named.
  [[nodiscard]] const nlohmann::json& document() const { return document_; }
  [[nodiscard]] const std::map<std::string, nlohmann::json>& components() const { return components_; }

  // What is wrong with `value`, as a sentence that begins with `where`; nullopt if nothing is.
  [[nodiscard]] std::optional<std::string> problem(const nlohmann::json& value, std::string_view where) const;
  // For text of a path or query: as number or truth value where this is the shape of one, otherwise as it is.
  // nullopt where that is impossible, or the result does not fit.
  [[nodiscard]] std::optional<nlohmann::json> read(std::string_view text) const;

 private:
  [[nodiscard]] static Schema make(nlohmann::json document) {
    Schema schema;
    schema.document_ = std::move(document);
    return schema;
  }
  void take_components(const Schema& other) {
    components_.insert(other.components_.begin(), other.components_.end());
  }

  nlohmann::json document_;
  std::map<std::string, nlohmann::json> components_;
};

struct Schema::Field {
  std::string name;
  Schema schema;
  bool required = true;
};

}  // namespace punktfunk::host::http
