// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "base/socket_address.h"

namespace punktfunk {

// Largest IP packet, in bytes, that the kernel believes passes from `local` (unset: any) to `remote`: the MTU
// of the route, or less where an ICMP "packet too big" taught it so in the last minutes, to any socket of
// this machine. UdpSocket sets don't-fragment, so its own packets teach it. nullopt when there is no route.
// Sends nothing and does not wait; three system calls. A path that swallows large packets in silence shows
// only in losses.
[[nodiscard]] std::optional<std::size_t> route_mtu(const SocketAddress& local, const SocketAddress& remote);

// What of `mtu` is left for a UDP payload toward `remote`: less 40 or 20 bytes of IPv6 or IPv4 header and 8
// of UDP. 0 when nothing is.
[[nodiscard]] std::size_t udp_payload_of(std::size_t mtu, const SocketAddress& remote);

}  // namespace punktfunk
