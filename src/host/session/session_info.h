// SPDX-License-Identifier: MIT OR Apache-2.0
// What the management API shows: values as of one instant, free of references into the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/identity/identity.h"
#include "core/wire/mode.h"
#include "endpoint/host_sessions.h"
#include "host/display/mode.h"

namespace punktfunk::host {

struct SessionInfo {
  enum class State : std::uint8_t {
    waiting,    // for an older session of the same device or of another to give its display up
    starting,   // display and encoder come up, or the client makes ready
    streaming,
    ending,     // the client is gone; what the session held is being given back
  };

  endpoint::SessionId id = 0;
  std::string device_name;  // cleaned
  control::Fingerprint fingerprint{};
  std::string address;              // "192.168.1.20:51234", of this moment: it follows a migration
  std::uint64_t since_unix_s = 0;   // when the session was asked for
  State state = State::starting;
  bool is_probe_only = false;       // a speed test: neither display nor encoder
  wire::Mode mode;                  // in force
  std::uint32_t bitrate_kbps = 0;   // wire budget in force; 0 while starting
  std::uint8_t codec = 0;           // one bit of protocol section 8.1; 0 while starting
  std::uint32_t display = 0;        // DisplayInfo::id; 0: none
  std::uint64_t frames = 0;         // access units sent
  std::uint64_t keyframes = 0;
  std::uint64_t send_drops = 0;     // datagrams the kernel would not take
  // As the client's last feedback said; nothing heard yet: 0.
  std::uint32_t loss_ppm = 0;       // of the last window of 750 ms
  std::uint64_t packets_received = 0;
};

[[nodiscard]] const char* to_string(SessionInfo::State state);

}  // namespace punktfunk::host
