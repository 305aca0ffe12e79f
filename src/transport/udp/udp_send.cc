// SPDX-License-Identifier: MIT OR Apache-2.0
// UdpSocket::send: segmentation offload where the kernel takes it, one sendmmsg per batch where it does not.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "transport/udp/udp_counters.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk {
namespace {

// UDP_MAX_SEGMENTS of Linux before 6.9; later kernels take 128, which gains nothing measurable.
constexpr std::size_t kMaxSegments = 64;
// 65,535 of the IPv4 total length - 20 IP header - 8 UDP header; also the limit of one segmented send.
constexpr std::size_t kMaxPayload = 65507;

bool is_unspecified(const SocketAddress& address) {
  if (!address.is_set()) return true;
  if (address.family() == AF_INET) {
    return reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr.s_addr == htonl(INADDR_ANY);
  }
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr;
  return IN6_IS_ADDR_UNSPECIFIED(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr32[3] == 0);
}

// The same address in the family of the socket; nullopt when there is none (IPv6 proper on an IPv4 socket).
std::optional<SocketAddress> in_family(const SocketAddress& address, int family) {
  if (address.family() == family) return address;
  if (family == AF_INET6 && address.family() == AF_INET) {
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address.data());
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = v4.sin_port;
    v6.sin6_addr.s6_addr[10] = 0xff;
    v6.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(&v6.sin6_addr.s6_addr[12], &v4.sin_addr, 4);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  if (family == AF_INET && address.family() == AF_INET6 && !address.is_ipv6_on_the_wire()) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address.data());
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = v6.sin6_port;
    std::memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[12], 4);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  return std::nullopt;
}

// Control messages of one send: source address, traffic class, and (last, so that it can be left off) the
// segment size.
class Ancillary {
 public:
  void put_source(const SocketAddress& local) {
    if (local.family() == AF_INET) {
      in_pktinfo info{};
      info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(local.data())->sin_addr;
      put(IPPROTO_IP, IP_PKTINFO, info);
    } else {
      const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(local.data());
      in6_pktinfo info{};
      info.ipi6_addr = v6.sin6_addr;
      info.ipi6_ifindex = v6.sin6_scope_id;
      put(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  // Takes the place of the socket's own byte, so both parts have to be in it.
  void put_traffic_class(std::uint8_t dscp, std::uint8_t ecn, bool ipv6) {
    const int bits = dscp << 2 | (ecn & 3);
    if (ipv6) {
      put(IPPROTO_IPV6, IPV6_TCLASS, bits);
    } else {
      put(IPPROTO_IP, IP_TOS, bits);
    }
  }
  void put_segment(std::uint16_t bytes) { put(IPPROTO_UDP, UDP_SEGMENT, bytes); }
  void attach(msghdr& header) {
    header.msg_control = used_ == 0 ? nullptr : buffer_.data();
    header.msg_controllen = used_;
  }

 private:
  template <class T>
  void put(int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof(value));
    std::memcpy(buffer_.data() + used_, &header, sizeof(header));
    std::memcpy(buffer_.data() + used_ + CMSG_LEN(0), &value, sizeof(value));
    used_ += CMSG_SPACE(sizeof(value));
  }

  // pktinfo (20), traffic class (4), segment size (2): 40 + 24 + 24 bytes with headers and padding.
  alignas(cmsghdr) std::array<std::uint8_t, 128> buffer_{};
  std::size_t used_ = 0;
};

}  // namespace

// One send() call. Lives on the caller's stack, so that concurrent senders share nothing but the kernel's
// socket.
class UdpSocket::BatchSender {
 public:
  BatchSender(UdpSocket& socket, SocketAddress remote, ByteView datagrams, std::size_t segment_bytes,
              const SendOptions& options)
      : socket_(socket),
        counters_(socket.counters_->send),
        remote_(remote),
        datagrams_(datagrams),
        segment_(segment_bytes),
        options_(options) {}

  SendOutcome run(const std::optional<SocketAddress>& local) {
    if (local) plain_.put_source(*local);
    if (options_.ecn != kEcnNone)
      plain_.put_traffic_class(socket_.dscp_, options_.ecn, remote_.is_ipv6_on_the_wire());
    segmented_ = plain_;
    segmented_.put_segment(static_cast<std::uint16_t>(std::min<std::size_t>(segment_, UINT16_MAX)));
    const std::size_t per_call = std::clamp<std::size_t>(kMaxPayload / segment_, 1, kMaxSegments);
    while (at_ < datagrams_.size() && !outcome_.would_block) {
      const std::size_t batch = std::min(per_call * segment_, datagrams_.size() - at_);
      if (batch > segment_ && options_.allow_offload && socket_.gso_in_use()) {
        send_segmented(at_ + batch);
      } else {
        send_separately(at_ + batch);
      }
    }
    return outcome_;
  }

 private:
  [[nodiscard]] std::size_t count(std::size_t bytes) const { return (bytes + segment_ - 1) / segment_; }

  msghdr header(iovec* payload, Ancillary& ancillary) {
    msghdr result{};
    result.msg_name = remote_.data();
    result.msg_namelen = remote_.size();
    result.msg_iov = payload;
    result.msg_iovlen = 1;
    ancillary.attach(result);
    return result;
  }
  iovec payload(std::size_t from, std::size_t to) const {
    return {const_cast<std::uint8_t*>(datagrams_.data()) + from, to - from};
  }

  void sent_up_to(std::size_t end) {
    const std::size_t number = count(end - at_);
    Counters::add(counters_.datagrams, number);
    Counters::add(counters_.bytes, end - at_);
    outcome_.sent += number;
    at_ = end;
  }
  void dropped_up_to(std::size_t end, Counters::Counter& reason) {
    const std::size_t number = count(end - at_);
    Counters::add(reason, number);
    outcome_.dropped += number;
    at_ = end;
  }

  // After a failed call: true to try the same again, false when datagrams up to `end` were given up.
  bool retry(int error, std::size_t end) {
    if (error == EINTR) return true;
    if (error == EAGAIN) {  // EWOULDBLOCK is the same number on Linux
      if (wait_for_room()) return true;
      outcome_.would_block = true;
      dropped_up_to(datagrams_.size(), counters_.would_block);
      return false;
    }
    dropped_up_to(end, reason(error));
    return false;
  }

  Counters::Counter& reason(int error) {
    switch (error) {
      case ENOBUFS:
      case ENOMEM:
        return counters_.no_buffers;
      case EMSGSIZE:
        return counters_.too_large;
      case ECONNREFUSED:
        return counters_.refused;
      case EPERM:
      case EACCES:
        return counters_.forbidden;
      case ENETUNREACH:
      case EHOSTUNREACH:
      case EADDRNOTAVAIL:
      case ENETDOWN:
      case EAFNOSUPPORT:
        return counters_.unreachable;
      default:
        return counters_.other;
    }
  }

  // False when the caller's patience is used up. The patience is for the whole send(), not for each batch.
  bool wait_for_room() {
    if (options_.patience <= Duration::zero()) return false;
    const TimePoint now = monotonic_now();
    if (!give_up_at_) give_up_at_ = now + options_.patience;
    if (now >= *give_up_at_) return false;
    const auto left = (*give_up_at_ - now).count();
    const timespec timeout{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    pollfd writable{.fd = socket_.fd(), .events = POLLOUT, .revents = 0};
    return ::ppoll(&writable, 1, &timeout, nullptr) != 0;
  }

  void send_segmented(std::size_t end) {
    iovec bytes = payload(at_, end);
    const msghdr message = header(&bytes, segmented_);
    while (true) {
      Counters::add(counters_.calls, 1);
      if (::sendmsg(socket_.fd(), &message, MSG_NOSIGNAL) >= 0) return sent_up_to(end);
      const int error = errno;
      if (error == EIO || error == EINVAL || error == ENOTSUP || error == ENOPROTOOPT) {
        // Either the route cannot segment, or a segment is over its MTU. Only the first passes one by one,
        // and only then is it worth remembering.
        const std::size_t dropped_before = outcome_.dropped;
        send_separately(end);
        if (outcome_.dropped == dropped_before) socket_.gso_.store(false, std::memory_order_relaxed);
        return;
      }
      if (!retry(error, end)) return;
    }
  }

  void send_separately(std::size_t end) {
    std::array<iovec, kMaxSegments> payloads;
    std::array<mmsghdr, kMaxSegments> messages;
    while (at_ < end) {
      unsigned number = 0;
      for (std::size_t from = at_; from < end && number < kMaxSegments; from += segment_, ++number) {
        payloads[number] = payload(from, std::min(from + segment_, end));
        messages[number] = {.msg_hdr = header(&payloads[number], plain_), .msg_len = 0};
      }
      Counters::add(counters_.calls, 1);
      const int taken = ::sendmmsg(socket_.fd(), messages.data(), number, MSG_NOSIGNAL);
      if (taken > 0) {
        sent_up_to(std::min(at_ + static_cast<std::size_t>(taken) * segment_, end));
      } else if (!retry(taken < 0 ? errno : EAGAIN, std::min(at_ + segment_, end)) && outcome_.would_block) {
        return;
      }
    }
  }

  UdpSocket& socket_;
  Counters::Send& counters_;
  SocketAddress remote_;
  const ByteView datagrams_;
  const std::size_t segment_;
  const SendOptions options_;
  Ancillary plain_;
  Ancillary segmented_;
  std::size_t at_ = 0;  // first byte not yet sent or given up
  std::optional<TimePoint> give_up_at_;
  SendOutcome outcome_;
};

SendOutcome UdpSocket::send(const SocketAddress& local, const SocketAddress& remote, ByteView datagrams,
                            std::size_t segment_bytes, const SendOptions& options) {
  if (datagrams.empty()) return {};
  const std::size_t segment = std::clamp<std::size_t>(segment_bytes, 1, datagrams.size());
  const std::optional<SocketAddress> to = in_family(remote, local_.family());
  if (!to) {
    const std::size_t number = (datagrams.size() + segment - 1) / segment;
    Counters::add(counters_->send.unreachable, number);
    return {.sent = 0, .dropped = number};
  }
  const std::optional<SocketAddress> from =
      is_unspecified(local) ? std::nullopt : in_family(local, local_.family());
  return BatchSender(*this, *to, datagrams, segment, options).run(from);
}

}  // namespace punktfunk
