// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "base/result.h"

namespace punktfunk {

// `path` "-" is standard output; a file is replaced as a whole.
[[nodiscard]] inline Result<void> write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return {};
  }
  const std::string part = path + ".part";
  {
    std::ofstream out(part, std::ios::binary);
    out << text;
    if (!out.flush())
      return fail("The figures could not be written to " + path + "; check that its folder is writable.");
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) return fail("The figures could not be written to " + path + " (" + error.message() + ").");
  return {};
}

}  // namespace punktfunk
