// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <tl/expected.hpp>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/identity/identity.h"
#include "endpoint/client_endpoint.h"

namespace punktfunk::client {

struct AccessRequestOptions {
  SocketAddress host;
  std::optional<control::Fingerprint> pin;  // the identity the host must show; nullopt: any (first contact)
  wire::ClientHello hello;                  // access_only is set here
  Duration connect_budget = std::chrono::seconds(10);
  endpoint::ClientEndpointOptions endpoint;
  // Each time the host says that its operator decides: at once, then every 10 s. Network thread. May be
  // empty.
  std::function<void()> on_waiting;
  // Asked every 50 ms; true withdraws the request. May be empty.
  std::function<bool()> stop_requested;
};

// Asks the host's operator to let this device in (section 9.3), and starts nothing. Returns the fingerprint
// that the host showed, which the caller pins. Blocks, at most 185 s after the host's first answer.
[[nodiscard]] tl::expected<control::Fingerprint, endpoint::ClientEnd> request_access(
    const AccessRequestOptions& options, const control::Identity& identity, RandomSource& random);

}  // namespace punktfunk::client
