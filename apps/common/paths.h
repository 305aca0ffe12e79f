// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace punktfunk {

// Where a program keeps its identity and whom it trusts: $XDG_STATE_HOME/punktfunk/NAME, by default below
// ~/.local/state.
inline std::filesystem::path default_state_dir(const std::string& name) {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::filesystem::path(state) / "punktfunk" / name;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : "/") / ".local/state/punktfunk" /
         name;
}

}  // namespace punktfunk
