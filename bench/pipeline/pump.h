// SPDX-License-Identifier: MIT OR Apache-2.0
// Two pinned threads and a UDP socket each, over loopback with GSO and GRO. What is sent and what becomes of
// it is up to a Source and a Sink, so that the same loop measures our pipeline and the bare sockets.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "transport/datagram.h"

namespace punktfunk::bench {

// The largest UDP payload over IPv4: what the kernel takes at once, to be cut into datagrams.
inline constexpr std::size_t kSegmentedSendBytes = 65'507;

class Source {
 public:
  virtual ~Source() = default;
  // The next datagrams, all of datagram_bytes(); valid until the next call. On the sending thread.
  [[nodiscard]] virtual ByteView next() = 0;
  [[nodiscard]] virtual std::size_t datagram_bytes() const = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // On the receiving thread.
  virtual void take(std::span<const ReceivedDatagram> datagrams, TimePoint now) = 0;
};

struct PumpOptions {
  double seconds = 3;
  // Gbit/s of datagram bytes; 0 = as fast as the slower side goes. Unpaced, the sender waits while more than
  // `window_bytes` are on their way, so that what is measured is throughput and not how fast a full buffer
  // drops. Paced, nothing holds it.
  double rate_gbps = 0;
  std::size_t window_bytes = std::size_t{8} << 20U;
  // How long the receiver lets datagrams gather once it has read everything, or until half a window waits; as
  // the interrupt moderation of a network card does. Where the processors share no cache, a sender pays for
  // each line that the receiver has read from the same page a moment ago (docs/performance.md), so that a
  // reader who is always at its heels slows it down to half.
  Duration gather = std::chrono::milliseconds(2);
  // Paced, 25 ms of 10 Gbit/s.
  std::size_t receive_buffer_bytes = std::size_t{32} << 20U;
  int send_cpu = 0;
  int receive_cpu = 1;
};

// Processor time, so that the figures hold on a machine that has other work as well.
struct Side {
  double work_s = 0;    // in the Source or the Sink
  double kernel_s = 0;  // in send() or receive_batch()
  double wait_s = 0;    // actively waiting for the other side, or for the pace
  [[nodiscard]] double busy_s() const { return work_s + kernel_s; }
};

struct PumpResult {
  double seconds = 0;  // from the first datagram sent to the last one received
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t bytes_received = 0;
  Side send;
  Side receive;
};

[[nodiscard]] Result<PumpResult> pump(Source& source, Sink& sink, const PumpOptions& options);

}  // namespace punktfunk::bench
