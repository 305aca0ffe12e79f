// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "transport/udp/udp_socket.h"

namespace punktfunk {

// Updated by the receive thread and by every sending thread; a relaxed add each, since nobody orders by them.
struct UdpSocket::Counters {
  using Counter = std::atomic<std::uint64_t>;

  static void add(Counter& counter, std::uint64_t amount) {
    counter.fetch_add(amount, std::memory_order_relaxed);
  }

  // The two directions belong to different threads, so they get different cache lines.
  struct alignas(64) Receive {
    Counter datagrams, bytes, calls, truncated, overflows, errors;
  } receive;
  struct alignas(64) Send {
    Counter datagrams, bytes, calls;
    Counter would_block, no_buffers, too_large, refused, forbidden, unreachable, other;
  } send;
};

}  // namespace punktfunk
