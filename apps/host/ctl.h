// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace punktfunk {

// Sends one command to the host that keeps its state in `state_dir` and prints the answer: the PIN alone for
// "pair", so that scripts can read it, one "name: value" line each for "status".
[[nodiscard]] Result<void> run_ctl(const std::filesystem::path& state_dir, const std::string& command);

}  // namespace punktfunk
