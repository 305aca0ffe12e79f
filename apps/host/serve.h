// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/stop_signal.h"
#include "apps/host/announce.h"
#include "apps/host/api_server.h"
#include "base/result.h"
#include "core/session/grants.h"
#include "host/mgmt/api/host_service.h"

namespace CLI {
class App;
}

namespace punktfunk {

struct ServeOptions {
  std::uint16_t port = 9777;
  std::string bind_address;  // empty = every address
  std::filesystem::path state_dir;
  std::vector<std::string> start_commands;
  std::string source = "desktop";
  std::uint64_t synthetic_seed = 1;
  std::uint32_t frame_limit = 0;
  std::uint32_t idle_timeout_ms = 8000;
  // Unknown devices of the local networks are stored at first contact, with these rights. None: they are not.
  std::optional<access::Offer> first_use;
  int dscp = 0;  // 0 … 63; see UdpOptions
  AnnounceOptions announce;
  std::string ready_file;
  host::api::SettingsChange fixed;  // settings that the command line gives
  ApiOptions api;
};

// Adds all of them but the state folder to `command`, which writes into `options` when it is parsed.
void add_serve_options(CLI::App& command, ServeOptions& options);

// Serves until a stop signal comes. The error is what kept it from starting.
[[nodiscard]] Result<void> run_serve(const ServeOptions& options, const StopSignal& stop);

}  // namespace punktfunk
