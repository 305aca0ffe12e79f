// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/socket_address.h"
#include "control/quic/quic_types.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::sim {

// Which socket address stands for which node of the simulation, and back.
class AddressBook {
 public:
  void add(NodeId id, const std::string& ip, std::uint16_t port) {
    addresses_[id] = *SocketAddress::parse(ip, port);
  }
  // From now on `id` is reached elsewhere, and `nobody` (of an id of its own) where it was.
  void move(NodeId id, const std::string& ip, std::uint16_t port, NodeId nobody) {
    addresses_[nobody] = addresses_.at(id);
    add(id, ip, port);
  }
  [[nodiscard]] const SocketAddress& address_of(NodeId id) const { return addresses_.at(id); }
  [[nodiscard]] NodeId node_of(const SocketAddress& address) const {
    for (const auto& [id, known] : addresses_) {
      if (known == address) return id;
    }
    ADD_FAILURE() << "a datagram to " << address.to_string() << ", which is nobody's address";
    return 0;
  }

 private:
  std::map<NodeId, SocketAddress> addresses_;
};

// The datagrams of one Transmit, which may hold several for segmentation offload.
template <class Take>
void split(const control::Transmit& out, Take take) {
  const std::size_t size = out.gso_size != 0 ? out.gso_size : out.bytes.size();
  for (std::size_t at = 0; at < out.bytes.size(); at += size) {
    take(ByteView(out.bytes).subspan(at, std::min(size, out.bytes.size() - at)));
  }
}

}  // namespace punktfunk::sim
