// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/stop_signal.h"
#include "apps/host/announce.h"
#include "base/result.h"
#include "base/time.h"
#include "core/session/grants.h"
#include "host/display/display_book.h"
#include "host/session/admission.h"

namespace punktfunk {

struct ServeOptions {
  std::uint16_t port = 9777;
  std::string bind_address;  // empty = every address
  std::filesystem::path state_dir;
  std::vector<std::string> start_commands;
  std::uint32_t bitrate_kbps = 0;
  std::string source = "desktop";
  std::uint64_t synthetic_seed = 1;
  std::uint32_t frame_limit = 0;
  std::uint32_t idle_timeout_ms = 8000;
  // How long a display waits for a client that was lost; nullopt: for ever.
  std::optional<Duration> linger = host::DisplayBook::Policy{}.linger;
  host::AdmissionPolicy admission;
  // Unknown devices of the local networks wait for the operator; otherwise they are refused.
  bool approval = true;
  // Unknown devices of the local networks are stored at first contact, with these rights. None: they are not.
  std::optional<access::Offer> first_use;
  int dscp = 0;  // 0 … 63; see UdpOptions
  AnnounceOptions announce;
  std::string ready_file;
};

// Serves until a stop signal comes. The error is what kept it from starting.
[[nodiscard]] Result<void> run_serve(const ServeOptions& options, const StopSignal& stop);

}  // namespace punktfunk
