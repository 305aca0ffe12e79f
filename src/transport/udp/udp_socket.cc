// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/udp/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "transport/udp/udp_counters.h"

namespace punktfunk {
namespace {

template <class T>
bool set_option(int fd, int level, int name, T value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

std::string reason(int error) { return std::generic_category().message(error); }

// The plain option stops at net.core.*mem_max (208 KiB on a stock system); with CAP_NET_ADMIN the forced one
// does not.
void set_buffer(int fd, int forced_option, int plain_option, int bytes) {
  if (!set_option(fd, SOL_SOCKET, forced_option, bytes)) set_option(fd, SOL_SOCKET, plain_option, bytes);
}

int read_buffer(int fd, int option) {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  ::getsockopt(fd, SOL_SOCKET, option, &bytes, &size);
  return bytes;
}

// Every option here degrades by itself when the kernel lacks it: no local address, no ECN, no coalescing.
void configure(int fd, int family, const UdpOptions& options) {
  if (family == AF_INET6) {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  } else {
    set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  // An IPv6 socket carries IPv4 as well, and that traffic obeys the IPv4 options. PROBE sets don't-fragment
  // and ignores the kernel's idea of the path MTU: QUIC probes for itself.
  set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
  set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (options.dscp != kDscpNone) {
    // The upper six bits of the byte whose lower two are ECN.
    const int traffic_class = (options.dscp & 0x3F) << 2;
    set_option(fd, IPPROTO_IP, IP_TOS, traffic_class);
    if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
  }
  if (options.use_gro) set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer_bytes);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer_bytes);
}

std::string bind_failure(int error, const SocketAddress& local) {
  const std::string port = std::to_string(local.port());
  switch (error) {
    case EADDRINUSE:
      return "UDP port " + port +
             " is already in use by another program: stop that program, or choose another port with --port.";
    case EACCES:
      return "This user may not listen on UDP port " + port + ": choose a port above 1023 with --port.";
    case EADDRNOTAVAIL:
      return "No network interface of this machine has the address " + local.ip() +
             ": choose one that `ip address` lists, or leave the address out to listen on all.";
    default:
      return "Could not listen on UDP " + local.to_string() + " (" + reason(error) +
             "): check the network settings of this machine, or choose another address or port.";
  }
}

struct Bound {
  UniqueFd fd;
  int error = 0;  // 0 = bound
};

Bound try_bind(const SocketAddress& local, const UdpOptions& options) {
  Bound result{.fd = UniqueFd(::socket(local.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
  if (!result.fd.valid()) {
    result.error = errno;
    return result;
  }
  const int fd = result.fd.get();
  if (local.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  configure(fd, local.family(), options);
  if (::bind(fd, local.data(), local.size()) != 0) result.error = errno;
  return result;
}

}  // namespace

UdpSocket::UdpSocket(UniqueFd fd, const SocketAddress& local, const UdpOptions& options)
    : fd_(std::move(fd)),
      local_(local),
      granted_receive_buffer_(read_buffer(fd_.get(), SO_RCVBUF)),
      granted_send_buffer_(read_buffer(fd_.get(), SO_SNDBUF)),
      dscp_(options.dscp & 0x3F),
      gso_(options.use_gso),
      counters_(std::make_unique<Counters>()),
      ring_(std::make_unique<ReceiveRing>(options.receive_message_bytes)) {}

UdpSocket::~UdpSocket() = default;

Result<std::unique_ptr<UdpSocket>> UdpSocket::bind(const SocketAddress& local, const UdpOptions& options) {
  const SocketAddress wanted = local.is_set() ? local : *SocketAddress::parse("::", 0);
  Bound bound = try_bind(wanted, options);
  const bool no_ipv6 = bound.error == EAFNOSUPPORT || bound.error == EADDRNOTAVAIL;
  if (no_ipv6 && wanted == *SocketAddress::parse("::", wanted.port())) {
    bound = try_bind(*SocketAddress::parse("0.0.0.0", wanted.port()), options);
  }
  if (bound.error != 0) return fail(bind_failure(bound.error, wanted));

  SocketAddress actual;
  socklen_t size = sizeof(sockaddr_storage);
  if (::getsockname(bound.fd.get(), actual.data(), &size) != 0) return fail(bind_failure(errno, wanted));
  actual.set_size(size);
  return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(bound.fd), actual, options));
}

std::span<const ReceivedDatagram> UdpSocket::receive_batch() {
  Counters::Receive& counters = counters_->receive;
  // A pending ICMP error is handed out once, in place of a datagram; the datagrams are behind it. The bound
  // keeps a storm of such errors from holding the thread.
  for (int attempt = 0; attempt < 4; ++attempt) {
    ReceiveRing::Totals totals;
    Counters::add(counters.calls, 1);
    const int error = ring_->read(fd_.get(), local_, totals);
    if (error == EAGAIN) return {};
    if (error != 0) {
      if (error != EINTR) Counters::add(counters.errors, 1);
      continue;
    }
    Counters::add(counters.datagrams, ring_->datagrams().size());
    Counters::add(counters.bytes, totals.bytes);
    if (totals.truncated != 0) Counters::add(counters.truncated, totals.truncated);
    if (totals.overflows) counters.overflows.store(*totals.overflows, std::memory_order_relaxed);
    if (!ring_->datagrams().empty()) return ring_->datagrams();
  }
  return {};
}

TransportStats UdpSocket::stats() const {
  const auto value = [](const Counters::Counter& counter) { return counter.load(std::memory_order_relaxed); };
  const Counters::Receive& in = counters_->receive;
  const Counters::Send& out = counters_->send;
  return {.received_datagrams = value(in.datagrams),
          .received_bytes = value(in.bytes),
          .receive_calls = value(in.calls),
          .receive_truncated = value(in.truncated),
          .receive_overflows = value(in.overflows),
          .receive_errors = value(in.errors),
          .sent_datagrams = value(out.datagrams),
          .sent_bytes = value(out.bytes),
          .send_calls = value(out.calls),
          .dropped_would_block = value(out.would_block),
          .dropped_no_buffers = value(out.no_buffers),
          .dropped_too_large = value(out.too_large),
          .dropped_refused = value(out.refused),
          .dropped_forbidden = value(out.forbidden),
          .dropped_unreachable = value(out.unreachable),
          .dropped_other = value(out.other)};
}

}  // namespace punktfunk
