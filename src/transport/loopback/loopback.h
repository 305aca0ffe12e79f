// SPDX-License-Identifier: MIT OR Apache-2.0
// Two datagram sockets joined in memory: for both ends of a session in one process, and for tests.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "transport/datagram.h"

namespace punktfunk {

struct LoopbackOptions {
  // What one direction holds at most, bytes; every datagram counts kLoopbackOverhead on top. 4 MiB, as a UDP
  // socket asks of the kernel.
  std::size_t queue_bytes = std::size_t{4} << 20;
};

// So that empty datagrams are bounded in number as well.
inline constexpr std::size_t kLoopbackOverhead = 64;

// What either end sends to the other's local_address() arrives there, whole and in order, at once. Addresses
// are of TEST-NET-1 (RFC 5737) and reach nothing else. The ends may be destroyed in any order: what was sent
// can still be received, and sending into nothing counts as refused.
//
// Send outcomes follow UdpSocket: a full queue is waited for within the caller's patience; what does not fit
// then is dropped, counted here as dropped_would_block and at the receiving end as receive_overflows.
struct LoopbackPair {
  std::unique_ptr<DatagramSocket> first, second;
};

// Fails only when the process is out of file descriptors.
[[nodiscard]] Result<LoopbackPair> make_loopback_pair(const LoopbackOptions& options);
[[nodiscard]] inline Result<LoopbackPair> make_loopback_pair() {
  return make_loopback_pair(LoopbackOptions{});
}

}  // namespace punktfunk
