// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/identity/identity.h"
#include "endpoint/client_endpoint.h"

namespace punktfunk::client {

struct PairingOptions {
  SocketAddress host;
  std::string device_name;  // how the host will list this device, at most 64 bytes
  std::string pin;          // as typed
  // The identity the host must show, where it is known already: pairing does not replace it.
  std::optional<control::Fingerprint> known_host;
  Duration connect_budget = std::chrono::seconds(10);
  endpoint::ClientEndpointOptions endpoint;
};

// Pairs and returns the host's fingerprint, which the caller pins. Blocks; every wait in it is bounded. On
// failure nothing is stored on either side.
[[nodiscard]] tl::expected<control::Fingerprint, endpoint::ClientEnd> pair_with_host(
    const PairingOptions& options, const control::Identity& identity, RandomSource& random);

}  // namespace punktfunk::client
