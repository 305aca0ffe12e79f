// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "transport/datagram.h"

namespace punktfunk {

// Buffers for one recvmmsg(): allocated once, reused by every read.
class ReceiveRing {
 public:
  static constexpr std::size_t kMessages = 8;
  // Largest UDP payload over IPv6 is 65,527 bytes, and GRO never builds more than one 64 KiB packet. All 8
  // messages take 512 KiB: small enough to stay in a second-level cache.
  static constexpr std::size_t kDefaultMessageBytes = std::size_t{64} * 1024;

  struct Totals {
    std::size_t messages = 0;
    std::size_t truncated = 0;
    std::uint64_t bytes = 0;
    // The kernel's running count of datagrams lost to a full buffer, when it reported one.
    std::optional<std::uint32_t> overflows;
  };

  explicit ReceiveRing(std::size_t message_bytes);
  ReceiveRing(const ReceiveRing&) = delete;
  ReceiveRing& operator=(const ReceiveRing&) = delete;

  // One recvmmsg() without blocking. Returns the errno of a failed call (EAGAIN when nothing waits), or 0.
  // `bound` completes the local address (its port).
  [[nodiscard]] int read(int fd, const SocketAddress& bound, Totals& totals);
  // What the last read() got.
  [[nodiscard]] const std::vector<ReceivedDatagram>& datagrams() const { return datagrams_; }

 private:
  struct Slot {
    iovec payload{};
    SocketAddress remote;
    SocketAddress local;
    // pktinfo (20) + GRO size (4) + traffic class (4) + overflow count (4), each with its header: under 128
    // bytes.
    alignas(cmsghdr) std::array<std::uint8_t, 256> control{};
  };
  void split(Slot& slot, const msghdr& header, std::size_t length, const SocketAddress& bound,
             Totals& totals);

  Bytes storage_;
  std::array<Slot, kMessages> slots_;
  std::array<mmsghdr, kMessages> headers_{};
  std::vector<ReceivedDatagram> datagrams_;
};

}  // namespace punktfunk
