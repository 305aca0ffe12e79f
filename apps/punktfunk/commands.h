// SPDX-License-Identifier: MIT OR Apache-2.0
// One function for each command of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/punktfunk/program.h"

namespace punktfunk::cli {

struct PairOptions {
  std::string host;
  std::string pin;          // empty: asked for on standard input
  std::string device_name;  // empty: this machine's host name
};

struct AccessOptions {
  std::string host;
  std::string device_name;
  std::string fingerprint;  // that the host must show; empty: any, on first contact
};

struct ConnectOptions {
  std::string host;
  std::string mode_text;  // empty: the last one in use with this host, or 1280x720@60
  std::uint32_t bitrate_kbps = 0;
  std::string codec = "auto";
  double seconds = 0;  // 0 = until it is ended
  bool statistics = false;
  bool statistics_json = false;
  std::string output;  // "-" = standard output
  std::string player;
  bool reconnect = true;
  double give_up_after_s = 300;  // 0 = never
};

struct HostOptions {
  std::string host;
  std::string new_name;     // of rename
  bool start_over = false;  // of hosts
  double seconds = 3;       // of discover
};

[[nodiscard]] Outcome run_discover(Program& program, const HostOptions& options);
[[nodiscard]] Outcome run_pair(Program& program, const PairOptions& options);
[[nodiscard]] Outcome run_request_access(Program& program, const AccessOptions& options);
[[nodiscard]] Outcome run_hosts(Program& program, const HostOptions& options);
[[nodiscard]] Outcome run_forget(Program& program, const HostOptions& options);
[[nodiscard]] Outcome run_rename(Program& program, const HostOptions& options);
[[nodiscard]] Outcome run_wake(Program& program, const HostOptions& options);
[[nodiscard]] Outcome run_connect(Program& program, const ConnectOptions& options);
[[nodiscard]] Outcome run_speed_test(Program& program, const HostOptions& options);

}  // namespace punktfunk::cli
