// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/client/exit_code.h"
#include "base/result.h"
#include "core/wire/mode.h"

namespace punktfunk::probe {

using apps::ExitCode;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9777;
  std::filesystem::path state_dir;
  std::filesystem::path pin_store;  // the saved hosts; empty = hosts.json in state_dir
  std::string pair_pin;             // pair before streaming
  bool pair_only = false;
  bool first_contact = false;  // connect to a host that is not known yet, and pin what it shows
  bool speed_test = false;     // instead of a stream
  std::string mode_text = "1280x720@60";
  wire::Mode mode;
  double seconds = 10;
  // Modes to change to while the stream runs, each so many seconds after the first picture; in order of time.
  struct ModeStep {
    double at_seconds = 0;
    wire::Mode mode;
  };
  std::vector<ModeStep> mode_steps;
  std::uint64_t count = 0;  // stop after this many access units; 0 = by time alone
  std::uint32_t bitrate_kbps = 0;
  double loss_percent = 0;
  std::uint64_t loss_seed = 1;
  double connect_timeout_s = 10;
  bool verify = false;
  std::uint64_t synthetic_seed = 1;
  bool drive_input = false;
  bool drive_again = false;  // until all of it arrives
  std::filesystem::path typed_file;
  long host_pid = 0;
  std::string json_file;
  std::string png_file;
  std::string dump_file;
  bool quiet = false;
};

// nullopt: the program is to end with `exit_code` (help was printed, or the command line is wrong).
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace punktfunk::probe
