// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads tests/golden/vectors.json.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "all_vectors.h"
#include "base/bytes.h"

namespace punktfunk::test {

inline std::string name_of(const nlohmann::json& vector) { return vector.at("name").get<std::string>(); }

// The vectors whose name begins with `prefix`; throws if there is none, so that a renamed group is noticed.
inline std::vector<nlohmann::json> vectors_named(std::string_view prefix) {
  std::vector<nlohmann::json> found;
  for (const auto& vector : all_vectors()) {
    if (name_of(vector).starts_with(prefix)) found.push_back(vector);
  }
  if (found.empty()) throw std::runtime_error("no vector named " + std::string(prefix) + "*");
  return found;
}

inline Bytes hex_of(const nlohmann::json& value) { return from_hex(value.get<std::string>()).value(); }

// Numbers are written as numbers, or as decimal or 0x text.
inline std::uint64_t number_of(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>(), nullptr, 0) : value.get<std::uint64_t>();
}

}  // namespace punktfunk::test
