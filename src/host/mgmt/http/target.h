// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace punktfunk::host::http {

// A request target, taken apart and percent-decoded. No part of it ever becomes a file name, but another
// program in front of us may read a path in another way than we do, so whatever has two readings is refused.
struct Target {
  std::vector<std::string> segments;  // "/a/b" → a, b; none for "/"
  std::vector<std::pair<std::string, std::string>> query;

  // nullopt unless it is a path in origin form, of valid UTF-8, without control characters, empty segments,
  // "." and "..", encoded or plain slashes and backslashes inside a segment, broken percent signs, a
  // fragment, or a query parameter given twice.
  [[nodiscard]] static std::optional<Target> parse(std::string_view text);
};

}  // namespace punktfunk::host::http
