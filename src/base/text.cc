// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/text.h"

#include <cstdint>

namespace punktfunk {
namespace {

struct Decoded {
  std::uint32_t scalar = 0;
  std::size_t length = 0;  // 0 = invalid
};

// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded decode_one(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  std::uint32_t scalar = 0;
  std::uint32_t least = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, scalar = first & 0x1Fu, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, scalar = first & 0x0Fu, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, scalar = first & 0x07u, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    scalar = scalar << 6 | (byte(i) & 0x3Fu);
  }
  if (scalar < least || scalar > 0x10FFFF || (scalar >= 0xD800 && scalar <= 0xDFFF)) return {};
  return {scalar, length};
}

// Characters that could disguise one name as another or break a terminal or a log line.
bool is_unsafe(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) ||  // C0, DEL, C1
         (c >= 0x200B && c <= 0x200F) ||          // zero width, LRM, RLM
         (c >= 0x2028 && c <= 0x202E) ||  // line and paragraph separators, bidi embeddings and overrides
         (c >= 0x2060 && c <= 0x206F) ||  // word joiner, bidi isolates, deprecated controls
         c == 0x061C || c == 0xFEFF || c == 0x180E || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded decoded = decode_one(text);
    if (decoded.length == 0) return false;
    text.remove_prefix(decoded.length);
  }
  return true;
}

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  while (!text.empty()) {
    const Decoded decoded = decode_one(text);
    const std::size_t step = decoded.length == 0 ? 1 : decoded.length;
    const bool leading_space = clean.empty() && decoded.scalar == ' ';
    if (decoded.length != 0 && !is_unsafe(decoded.scalar) && !leading_space) {
      if (clean.size() + step > max_bytes) break;
      clean.append(text.substr(0, step));
    }
    text.remove_prefix(step);
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

}  // namespace punktfunk
