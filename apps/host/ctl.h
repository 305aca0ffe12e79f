// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace punktfunk {

struct CtlRequest {
  std::string command;   // "pair", "status", "pending", "approve" or "deny"
  std::uint32_t id = 0;  // of "approve" and "deny": a number that "pending" shows
  bool json = false;     // print the host's answer as it came, also a refusal
};

// Sends one command to the host that keeps its state in `state_dir` and prints the answer: the PIN alone for
// "pair", so that scripts can read it, one "name: value" line each for "status", one line for each device
// that waits for "pending".
[[nodiscard]] Result<void> run_ctl(const std::filesystem::path& state_dir, const CtlRequest& request);

}  // namespace punktfunk
