// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/loss_harness/loss_pattern.h"
#include "apps/loss_harness/media_run.h"

namespace punktfunk::loss_harness {

struct Options {
  std::vector<Scheme> schemes;
  std::vector<std::uint8_t> parity_percents;
  std::vector<LossPattern> patterns;
  std::vector<StreamShape> streams;
  std::uint64_t frames = 240;
  std::uint64_t seed = 1;
  double late_ms = 50;
  bool loop = false;      // the loop's scenarios instead of all the above
  std::string json_file;  // "-": standard output, instead of the table
};

// What the program's exit status says.
enum class ExitCode : int {
  ok = 0,
  failed = 1,  // no file could be written, or a frame came out wrong
  usage = 2,
};

// nullopt: the program is to end with `exit_code` (help was printed, or the command line is wrong).
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace punktfunk::loss_harness
