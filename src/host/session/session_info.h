// SPDX-License-Identifier: MIT OR Apache-2.0
// What the management API shows of a session: values of one instant, free of references into the host.
#pragma once

#include <cstdint>
#include <string>

#include "base/socket_address.h"
#include "control/identity/identity.h"
#include "core/wire/mode.h"
#include "endpoint/host_sessions.h"
#include "host/session/session_statistics.h"

namespace punktfunk::host {

struct SessionInfo {
  enum class State : std::uint8_t {
    waiting,    // for an older session to give back what this one is to get, or for that to be decided
    starting,   // display and encoder come up, or the client makes ready
    streaming,  // or testing the link
    ending,     // its client is gone; what it held is being given back
  };

  endpoint::SessionId id = 0;
  std::string device_name;  // cleaned; never empty
  control::Fingerprint fingerprint{};
  SocketAddress address;           // of this moment: it follows a migration
  std::uint64_t since_unix_s = 0;  // when the session was asked for
  State state = State::starting;
  bool is_probe_only = false;      // a speed test: neither display nor encoder
  wire::Mode mode;                 // in force, or wanted while it starts
  std::uint32_t bitrate_kbps = 0;  // wire budget in force; 0 while starting
  std::uint8_t codec = 0;          // one bit of protocol section 8.1; 0 while starting and of a speed test
  std::uint32_t display = 0;       // DisplayInfo::id; 0: none (yet)
  SessionStatistics statistics;    // all zero while starting
  // As the client's last feedback had it; zero before.
  std::uint32_t loss_ppm = 0;  // media packets lost, of the last window of 750 ms
  std::uint64_t packets_received = 0;
};

// "waiting", "starting", "streaming" or "ending".
[[nodiscard]] const char* to_string(SessionInfo::State state);

}  // namespace punktfunk::host
