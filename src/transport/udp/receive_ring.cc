// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/udp/receive_ring.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace punktfunk {
namespace {

// What the control messages of one read say.
struct Ancillary {
  std::size_t segment_bytes = 0;  // 0 = not coalesced
  std::uint8_t ecn = kEcnNone;
  std::optional<std::uint32_t> overflows;
};

template <class T>
T payload_of(const cmsghdr& message) {
  T value;
  std::memcpy(&value, CMSG_DATA(const_cast<cmsghdr*>(&message)), sizeof(value));
  return value;
}

void set_local_v4(SocketAddress& local, const in_addr& address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr = address;
  local = SocketAddress(reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

void set_local_v6(SocketAddress& local, const in6_pktinfo& info, std::uint16_t port) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  to.sin6_addr = info.ipi6_addr;
  // Only link-local addresses mean something different on each interface.
  if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
    to.sin6_scope_id = static_cast<std::uint32_t>(info.ipi6_ifindex);
  local = SocketAddress(reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

Ancillary read_ancillary(const msghdr& header, std::uint16_t port, SocketAddress& local) {
  Ancillary found;
  auto* const mutable_header = const_cast<msghdr*>(&header);  // CMSG_NXTHDR takes no const
  for (cmsghdr* at = CMSG_FIRSTHDR(mutable_header); at != nullptr; at = CMSG_NXTHDR(mutable_header, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      set_local_v4(local, payload_of<in_pktinfo>(*at).ipi_addr, port);
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      set_local_v6(local, payload_of<in6_pktinfo>(*at), port);
    } else if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TOS) {
      found.ecn = payload_of<std::uint8_t>(*at) & 3;
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_TCLASS) {
      found.ecn = static_cast<std::uint8_t>(payload_of<int>(*at) & 3);
    } else if (at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_GRO) {
      found.segment_bytes = static_cast<std::size_t>(std::max(0, payload_of<int>(*at)));
    } else if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_RXQ_OVFL) {
      found.overflows = payload_of<std::uint32_t>(*at);
    }
  }
  return found;
}

}  // namespace

ReceiveRing::ReceiveRing(std::size_t message_bytes) : storage_(kMessages * message_bytes) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    slots_[i].payload = {storage_.data() + i * message_bytes, message_bytes};
    headers_[i].msg_hdr.msg_iov = &slots_[i].payload;
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  // 64 segments are what a GSO sender makes of one send; a longer run from another sender grows this once.
  datagrams_.reserve(kMessages * 64);
}

int ReceiveRing::read(int fd, const SocketAddress& bound, Totals& totals) {
  datagrams_.clear();
  for (std::size_t i = 0; i < kMessages; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = slots_[i].remote.data();
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_control = slots_[i].control.data();
    header.msg_controllen = slots_[i].control.size();
    header.msg_flags = 0;
  }
  const int count = ::recvmmsg(fd, headers_.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (count < 0) return errno;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    split(slots_[i], headers_[i].msg_hdr, headers_[i].msg_len, bound, totals);
  }
  return 0;
}

void ReceiveRing::split(Slot& slot, const msghdr& header, std::size_t length, const SocketAddress& bound,
                        Totals& totals) {
  ++totals.messages;
  slot.remote.set_size(header.msg_namelen);
  slot.local = bound;
  const Ancillary ancillary = read_ancillary(header, bound.port(), slot.local);
  if (ancillary.overflows) totals.overflows = ancillary.overflows;
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    ++totals.truncated;
    return;
  }
  totals.bytes += length;
  const MutableBytes all(static_cast<std::uint8_t*>(slot.payload.iov_base), length);
  const std::size_t step =
      ancillary.segment_bytes == 0 ? std::max<std::size_t>(length, 1) : ancillary.segment_bytes;
  std::size_t at = 0;
  do {  // an empty datagram is a datagram as well
    datagrams_.push_back({.bytes = all.subspan(at, std::min(step, length - at)),
                          .local = &slot.local,
                          .remote = &slot.remote,
                          .ecn = ancillary.ecn});
    at += step;
  } while (at < length);
}

}  // namespace punktfunk
