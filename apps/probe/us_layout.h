// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <linux/input-event-codes.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace punktfunk::probe {

// The key of a US keyboard that types a printable ASCII character, and whether Shift is held.
struct KeyStroke {
  std::uint16_t evdev = 0;
  bool shift = false;
};

[[nodiscard]] inline std::optional<KeyStroke> key_for(char c) {
  struct Row {
    std::string_view plain, shifted;
    std::uint16_t first;  // evdev codes run on from here
  };
  static constexpr Row kRows[] = {
      {"1234567890-=", "!@#$%^&*()_+", KEY_1},
      {"qwertyuiop[]", "QWERTYUIOP{}", KEY_Q},
      {"asdfghjkl;'`", "ASDFGHJKL:\"~", KEY_A},
      {"\\zxcvbnm,./", "|ZXCVBNM<>?", KEY_BACKSLASH},
  };
  if (c == ' ') return KeyStroke{KEY_SPACE, false};
  if (c == '\n') return KeyStroke{KEY_ENTER, false};
  for (const Row& row : kRows) {
    if (const auto at = row.plain.find(c); at != std::string_view::npos) {
      return KeyStroke{static_cast<std::uint16_t>(row.first + at), false};
    }
    if (const auto at = row.shifted.find(c); at != std::string_view::npos) {
      return KeyStroke{static_cast<std::uint16_t>(row.first + at), true};
    }
  }
  return std::nullopt;
}

}  // namespace punktfunk::probe
