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

struct UdpOptions {
  // Kernel buffers, bytes. The kernel may grant less; granted_receive_buffer() says what it granted. 4 MiB
  // hold 40 ms at 800 Mbit/s.
  int receive_buffer_bytes = 4 << 20;
  int send_buffer_bytes = 4 << 20;
  // Off only for tests and for paths where coalescing misbehaves.
  bool use_gso = true;
  bool use_gro = true;
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
  // False once the kernel refused a segmented send (a NIC or tunnel without checksum offload).
  [[nodiscard]] bool gso_in_use() const { return gso_.load(std::memory_order_relaxed); }

 private:
  class BatchSender;
  struct Counters;
  UdpSocket(UniqueFd fd, const SocketAddress& local, const UdpOptions& options);

  UniqueFd fd_;
  SocketAddress local_;
  int granted_receive_buffer_ = 0;
  std::atomic<bool> gso_;
  std::unique_ptr<Counters> counters_;
  std::unique_ptr<ReceiveRing> ring_;
};

}  // namespace punktfunk
