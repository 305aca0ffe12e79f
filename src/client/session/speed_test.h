// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <tl/expected.hpp>
#include <vector>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/identity/identity.h"
#include "core/session/speed_test.h"
#include "endpoint/client_endpoint.h"

namespace punktfunk::client {

struct SpeedTestOptions {
  SocketAddress host;
  control::Fingerprint pin{};  // the identity the host must show
  wire::ClientHello hello;     // probe_only and the feature bits of a probe are set here
  Duration connect_budget = std::chrono::seconds(10);
  endpoint::ClientEndpointOptions endpoint;
  // Asked every 50 ms; true ends the test early. May be empty.
  std::function<bool()> stop_requested;
};

struct SpeedTestResult {
  media::SpeedVerdict verdict;
  std::vector<media::ProbeFigures> probes;  // in order; the last is the long one
};

// Measures the link from the host in a session of its own, which starts no display and no encoder. Blocks;
// every wait in it is bounded: a test takes some seconds, and no more than a minute.
[[nodiscard]] tl::expected<SpeedTestResult, endpoint::ClientEnd> run_speed_test(
    const SpeedTestOptions& options, const control::Identity& identity, RandomSource& random);

}  // namespace punktfunk::client
