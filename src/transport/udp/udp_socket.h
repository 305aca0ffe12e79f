// SPDX-License-Identifier: MIT OR Apache-2.0
// One UDP socket with batching: GRO and recvmmsg on the way in, GSO (or sendmmsg) on the way out.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "transport/datagram.h"
#include "transport/udp/receive_ring.h"

namespace punktfunk {

inline constexpr std::uint8_t kDscpNone = 0;
// AF41, for networks that honour markings: interactive video that adapts its rate (RFC 8837 section 5,
// RFC 4594 section 4.3). Wi-Fi puts it in the video category (RFC 8325 section 4.2.4), by name and by its
// upper three bits.
inline constexpr std::uint8_t kDscpInteractiveVideo = 34;

struct UdpOptions {
  // Kernel buffers, bytes. The kernel may grant less; granted_receive_buffer() says what it granted. 4 MiB
  // hold 40 ms at 800 Mbit/s.
  int receive_buffer_bytes = 4 << 20;
  int send_buffer_bytes = 4 << 20;
  // Off only for tests and for paths where coalescing misbehaves.
  bool use_gso = true;
  bool use_gro = true;
  // What the IP header asks of the network, 0 … 63 (RFC 2474); on everything this socket sends, QUIC and
  // media alike, so that the two are not reordered. Off by default: most home networks ignore it, some Wi-Fi
  // access points give a marked class shorter turns on the air, and a few providers drop or demote what is
  // marked.
  std::uint8_t dscp = kDscpNone;
  // Room for one read. Less than 64 KiB truncates (and drops) large coalesced reads; for tests.
  std::size_t receive_message_bytes = ReceiveRing::kDefaultMessageBytes;
};

class UdpSocket final : public DatagramSocket {
 public:
  // Port 0 takes any free port. "::" and an unset address listen on every address of both families (on IPv4
  // alone where the machine has no IPv6); "0.0.0.0" listens on IPv4 alone. Sets don't-fragment, so that path
  // MTU discovery works.
  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> bind(const SocketAddress& local,
                                                               const UdpOptions& options);
  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> bind(const SocketAddress& local) {
    return bind(local, UdpOptions{});
  }

  ~UdpSocket() override;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  using DatagramSocket::send;
  [[nodiscard]] int fd() const override { return fd_.get(); }
  [[nodiscard]] const SocketAddress& local_address() const override { return local_; }
  [[nodiscard]] std::span<const ReceivedDatagram> receive_batch() override;
  SendOutcome send(const SocketAddress& local, const SocketAddress& remote, ByteView datagrams,
                   std::size_t segment_bytes, const SendOptions& options) override;
  [[nodiscard]] TransportStats stats() const override;

  // Bytes of payload and bookkeeping the kernel really holds for us (SO_RCVBUF as read back).
  [[nodiscard]] int granted_receive_buffer() const { return granted_receive_buffer_; }
  // The same of SO_SNDBUF.
  [[nodiscard]] int granted_send_buffer() const { return granted_send_buffer_; }
  // False once the kernel refused a segmented send (a NIC or tunnel without checksum offload).
  [[nodiscard]] bool gso_in_use() const { return gso_.load(std::memory_order_relaxed); }

 private:
  class BatchSender;
  struct Counters;
  UdpSocket(UniqueFd fd, const SocketAddress& local, const UdpOptions& options);

  UniqueFd fd_;
  SocketAddress local_;
  int granted_receive_buffer_ = 0;
  int granted_send_buffer_ = 0;
  std::uint8_t dscp_ = kDscpNone;
  std::atomic<bool> gso_;
  std::unique_ptr<Counters> counters_;
  std::unique_ptr<ReceiveRing> ring_;
};

}  // namespace punktfunk
