// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/time.h"
#include "control/quic/quic_endpoint.h"
#include "core/session/grants.h"

namespace punktfunk::endpoint {

class HostEvents;

struct HostConfig {
  control::QuicConfig quic;
  std::uint8_t fec_percent = 10;  // section 8.3: the reference host's start value
  // Unknown devices of the local networks are parked until the operator decides (section 9.3). Off: they are
  // refused.
  bool approval = false;
  // Unknown devices of the local networks are stored at first contact, with these rights. None: they are not.
  std::optional<access::Offer> first_use;
  // Unix ns. Simulations pass virtual time, so that they repeat.
  std::function<std::uint64_t()> wall_clock = wall_clock_ns;
  // TCP port of the management API, for clients; asked once per session, on the loop. Empty, or 0: they are
  // told none.
  std::function<std::uint16_t()> management_port;
  // Told what happens; outlives the node. Null: nobody is.
  HostEvents* events = nullptr;
  // Largest IP packet that passes to a client, asked once per session (see route_mtu()); HostEndpoint fills
  // it in. Empty, or nullopt: 1500.
  std::function<std::optional<std::size_t>(const SocketAddress& local, const SocketAddress& remote)>
      route_mtu;
};

}  // namespace punktfunk::endpoint
