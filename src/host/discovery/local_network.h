// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/socket_address.h"

namespace punktfunk::host {

// One address of one interface of this machine.
struct InterfaceAddress {
  std::string interface;
  SocketAddress address;
  std::string mac;           // "aa:bb:cc:dd:ee:ff", empty where the interface has none
  bool is_hardware = false;  // a device, unlike bridges, containers' pairs and tunnels
};

struct LocalNetwork {
  std::vector<std::string> addresses;  // numeric, best first
  std::vector<std::string> macs;       // of the hardware behind them, in the same order
};

// Where clients best reach this machine: hardware before the rest, IPv4 before IPv6. Loopback and IPv6
// link-local addresses are left out: the former lead nowhere, the latter mean something else on each
// interface. Pure.
[[nodiscard]] LocalNetwork best_first(std::vector<InterfaceAddress> all);

// Of the interfaces that are up now.
[[nodiscard]] std::vector<InterfaceAddress> interface_addresses();

}  // namespace punktfunk::host
