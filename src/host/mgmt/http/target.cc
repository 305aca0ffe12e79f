// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/target.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace punktfunk::host::http {

namespace {

constexpr std::size_t kMaxSegments = 16;
constexpr std::size_t kMaxQuery = 16;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// '+' stays what it is: only forms of HTML mean a space by it.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]);
      const int low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    out.push_back(c);
  }
  if (!is_valid_utf8(out)) return std::nullopt;
  return out;
}

bool add_segment(Target& target, std::string_view text) {
  auto segment = decode(text);
  if (!segment || segment->empty() || *segment == "." || *segment == "..") return false;
  if (segment->find_first_of("/\\") != std::string::npos) return false;
  if (target.segments.size() == kMaxSegments) return false;
  target.segments.push_back(std::move(*segment));
  return true;
}

bool add_query(Target& target, std::string_view text) {
  const auto equals = text.find('=');
  auto name = decode(text.substr(0, equals));
  auto value = decode(equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1));
  if (!name || !value || name->empty() || target.query.size() == kMaxQuery) return false;
  const bool twice = std::any_of(target.query.begin(), target.query.end(),
                                 [&name](const auto& known) { return known.first == *name; });
  if (twice) return false;
  target.query.emplace_back(std::move(*name), std::move(*value));
  return true;
}

}  // namespace

std::optional<Target> Target::parse(std::string_view text) {
  if (text.empty() || text.front() != '/' || text.find('#') != std::string_view::npos) return std::nullopt;
  Target target;
  const auto mark = text.find('?');
  std::string_view path = text.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (!add_segment(target, path.substr(0, slash))) return std::nullopt;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) return std::nullopt;  // "/a/" is not "/a"
  }
  std::string_view query = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    if (!add_query(target, query.substr(0, end))) return std::nullopt;
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  return target;
}

}  // namespace punktfunk::host::http
