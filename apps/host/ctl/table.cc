// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/host/ctl/table.h"

#include <time.h>

#include <algorithm>
#include <array>

namespace punktfunk::ctl {

namespace {

// In characters: bytes that do not go on with the one before. Wide ones of East Asia are counted as one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string formatted(std::uint64_t unix_s, const char* format) {
  const auto seconds = static_cast<time_t>(unix_s);
  tm at{};
  ::localtime_r(&seconds, &at);
  std::array<char, 64> text{};
  (void)::strftime(text.data(), text.size(), format, &at);
  return text.data();
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string clock_text(std::uint64_t unix_s) { return formatted(unix_s, "%H:%M:%S"); }
std::string date_text(std::uint64_t unix_s) { return formatted(unix_s, "%Y-%m-%d %H:%M"); }

}  // namespace punktfunk::ctl
