// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/socket_address.h"
#include "control/identity/identity.h"
#include "host/discovery/advertiser.h"

namespace punktfunk {

struct AnnounceOptions {
  bool enabled = true;
  std::string name;                   // empty: this machine's host name
  std::uint16_t management_port = 0;  // 0 = none
  bool pairing_required = true;       // false: unknown devices are let in at first contact
};

// Announces a host that listens on `bound` by mDNS. nullptr where that is switched off, cannot be done, or
// would help nobody, because the host listens on loopback only; the log says which of the first two. The host
// serves without it.
[[nodiscard]] std::unique_ptr<host::Advertiser> announce(const AnnounceOptions& options,
                                                         const SocketAddress& bound,
                                                         const control::Fingerprint& fingerprint,
                                                         const std::filesystem::path& state_dir,
                                                         RandomSource& random);

}  // namespace punktfunk
