// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/udp/route_mtu.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace punktfunk {

std::optional<std::size_t> route_mtu(const SocketAddress& local, const SocketAddress& remote) {
  // Connecting a UDP socket looks the route up; only then is there an MTU to ask for.
  const UniqueFd probe(::socket(remote.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return std::nullopt;
  // With several addresses the route may depend on the source. Where it cannot be bound, the kernel chooses.
  if (local.is_set() && local.family() == remote.family()) {
    SocketAddress source = local;
    source.set_port(0);
    (void)::bind(probe.get(), source.data(), source.size());
  }
  if (::connect(probe.get(), remote.data(), remote.size()) != 0) return std::nullopt;
  int mtu = 0;
  socklen_t size = sizeof mtu;
  const bool ipv6 = remote.is_ipv6_on_the_wire();
  if (::getsockopt(probe.get(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MTU : IP_MTU, &mtu, &size) !=
          0 ||
      mtu <= 0) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(mtu);
}

std::size_t udp_payload_of(std::size_t mtu, const SocketAddress& remote) {
  const std::size_t headers = remote.is_ipv6_on_the_wire() ? 48 : 28;
  return mtu > headers ? mtu - headers : 0;
}

}  // namespace punktfunk
