// SPDX-License-Identifier: MIT OR Apache-2.0
// What every datagram transport has in common: received datagrams, outcomes of a send, and counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "base/time.h"

namespace punktfunk {

// The two ECN bits of the IP header (RFC 3168).
inline constexpr std::uint8_t kEcnNone = 0;

// One datagram as its sender sent it (a coalesced read is split before it gets here). Everything points into
// buffers of the transport and is valid until the next receive_batch() on it; `bytes` may be decrypted in
// place.
struct ReceivedDatagram {
  MutableBytes bytes;
  // Address the datagram was sent to, with our port. The host of a session answers from here.
  const SocketAddress* local = nullptr;
  const SocketAddress* remote = nullptr;
  std::uint8_t ecn = kEcnNone;
};

// What became of one send(). sent + dropped is the number of datagrams handed in.
struct SendOutcome {
  std::size_t sent = 0;      // taken by the kernel
  std::size_t dropped = 0;   // not sent; counted by reason in TransportStats, never retried by the transport
  bool would_block = false;  // the drops are because the send buffer stayed full for the caller's patience
};

struct SendOptions {
  // Largest time to wait for room in the send buffer. Zero never waits.
  Duration patience = Duration::zero();
  std::uint8_t ecn = kEcnNone;
  // False sends each datagram on its own even where the kernel would segment: OffloadGuard says when.
  bool allow_offload = true;
};

// Since creation. A snapshot; the counters are not read at one instant.
struct TransportStats {
  std::uint64_t received_datagrams = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t receive_calls = 0;
  std::uint64_t receive_truncated = 0;  // larger than the buffer; dropped
  std::uint64_t receive_overflows = 0;  // lost in the kernel because the receive buffer was full
  std::uint64_t receive_errors = 0;     // pending ICMP errors and the like, reported on a read
  std::uint64_t sent_datagrams = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t send_calls = 0;
  std::uint64_t dropped_would_block = 0;  // EAGAIN, patience used up
  std::uint64_t dropped_no_buffers = 0;   // ENOBUFS, ENOMEM
  std::uint64_t dropped_too_large = 0;    // EMSGSIZE: over the path's MTU, or over 65,507 bytes
  std::uint64_t dropped_refused = 0;      // ECONNREFUSED: an ICMP "port unreachable" of an earlier datagram
  std::uint64_t dropped_forbidden = 0;    // EPERM, EACCES: a firewall on this machine
  std::uint64_t dropped_unreachable = 0;  // ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, ENETDOWN
  std::uint64_t dropped_other = 0;
};

// A bound datagram socket. send() may be called from any number of threads at once; receive_batch() from one
// thread.
class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;

  // Readable when receive_batch() has something to give; for poll and epoll. Owned by this object.
  [[nodiscard]] virtual int fd() const = 0;
  // The bound address; its port is never 0.
  [[nodiscard]] virtual const SocketAddress& local_address() const = 0;

  // Never blocks. Returns what was waiting, up to a bounded number; empty when nothing waits. The result is
  // valid until the next call. Call again until it is empty when the caller's poll is edge-triggered.
  [[nodiscard]] virtual std::span<const ReceivedDatagram> receive_batch() = 0;

  // Sends `datagrams`, cut into pieces of `segment_bytes` (the last may be shorter; segment_bytes >=
  // datagrams.size() sends one datagram). `local` picks the source address when it is set (its port is
  // ignored); pass an unset SocketAddress to let the kernel choose. Waits for at most options.patience. A
  // datagram that could not be sent is a counted drop, never an error: the layers above repair losses.
  virtual SendOutcome send(const SocketAddress& local, const SocketAddress& remote, ByteView datagrams,
                           std::size_t segment_bytes, const SendOptions& options) = 0;
  SendOutcome send(const SocketAddress& local, const SocketAddress& remote, ByteView datagrams,
                   std::size_t segment_bytes) {
    return send(local, remote, datagrams, segment_bytes, SendOptions{});
  }

  [[nodiscard]] virtual TransportStats stats() const = 0;
};

}  // namespace punktfunk
