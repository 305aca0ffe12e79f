// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/common/client/mode_text.h"

#include <fmt/format.h>

#include <charconv>

namespace punktfunk::apps {

std::optional<wire::Mode> parse_mode(const std::string& text) {
  wire::Mode mode;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto number = [&](std::uint32_t& out, char after) {
    const auto result = std::from_chars(at, end, out);
    if (result.ec != std::errc{}) return false;
    at = result.ptr;
    if (after == '\0') return at == end;
    return at != end && *at++ == after;
  };
  if (!number(mode.width, 'x') || !number(mode.height, '@') || !number(mode.refresh_hz, '\0'))
    return std::nullopt;
  return mode;
}

std::string mode_text(const wire::Mode& mode) {
  return fmt::format("{}x{}@{}", mode.width, mode.height, mode.refresh_hz);
}

std::string no_mode_sentence(const std::string& text) {
  return "\"" + text + "\" is no display mode; give one such as 1280x720@60.";
}

}  // namespace punktfunk::apps
