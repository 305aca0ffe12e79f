// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace punktfunk::ctl {

// Columns as wide as their widest cell, two spaces between them, no spaces at the ends of lines.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "20:14:03" and "2026-11-21 20:14", in this machine's zone.
[[nodiscard]] std::string clock_text(std::uint64_t unix_s);
[[nodiscard]] std::string date_text(std::uint64_t unix_s);

}  // namespace punktfunk::ctl
