// SPDX-License-Identifier: MIT OR Apache-2.0
// Values that pass between a QUIC endpoint and its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/identity/identity.h"

namespace punktfunk::control {

// Names one connection of one endpoint. Never used twice by the same endpoint; 0 names none.
using ConnectionId = std::uint64_t;
using StreamId = std::int64_t;

struct PeerInfo {
  std::optional<Fingerprint> fingerprint;  // absent: the peer presented no certificate
  SocketAddress address;
};

enum class CloseKind : std::uint8_t {
  application,        // by the peer, with `code` from section 26 and its reason
  local,              // by close(); `code` is ours
  transport_error,    // a QUIC transport error sent by the peer or found here; `code` is the QUIC error
  tls_alert,          // either side ended the TLS handshake; `tls_alert` holds the alert number
  pin_mismatch,       // the server's certificate is not the pinned one; the client found out before it sent
                      // anything
  version_mismatch,   // the server speaks no QUIC version 1
  idle_timeout,       // nothing was heard for the idle timeout
  handshake_timeout,  // no connection within the handshake timeout
  stateless_reset,    // the peer no longer knows this connection
  overflow,           // a bound of this endpoint was passed: its send queue (closed with code 0x01), or its
                      // number of connections (0x42, which the peer is not told)
};

struct CloseInfo {
  CloseKind kind = CloseKind::local;
  std::uint64_t code = 0;
  std::uint8_t tls_alert = 0;  // 0 unless kind is tls_alert
  // At most 256 bytes, cleaned of everything that is unfit to show. Display only.
  std::string reason;
  bool handshake_done = false;  // whether on_handshake_done was delivered before
};

inline constexpr std::uint8_t kTlsAlertNoApplicationProtocol = 120;

struct QuicConfig {
  Duration idle_timeout = std::chrono::seconds(8);  // section 3; a host operator may set 1 s … 3600 s
  Duration handshake_timeout = std::chrono::seconds(10);
  std::size_t max_connections = 256;             // server, in all
  std::size_t max_connections_per_address = 32;  // server, per IP address
  std::size_t max_half_open = 64;                // server, handshake not finished
  std::size_t max_send_queue_bytes = 1 << 20;    // per connection, all streams: not yet acknowledged bytes
};

// One datagram to send, or several of equal size for segmentation offload.
struct Transmit {
  SocketAddress local;
  SocketAddress remote;
  Bytes bytes;  // the capacity is reused between calls
  std::size_t gso_size =
      0;  // 0: one datagram; else every `gso_size` bytes are one datagram, the last may be shorter
  std::uint8_t ecn = 0;  // the two ECN bits
};

struct ConnectionStats {
  Duration smoothed_rtt{};
  Duration min_rtt{};
  std::uint64_t congestion_window = 0;
  std::uint64_t bytes_in_flight = 0;
  std::size_t queued_stream_bytes = 0;  // written and not yet acknowledged
  std::uint64_t datagrams_dropped = 0;  // by the 4 KiB send queue, oldest first
  TimePoint last_heard{};               // when the last packet came that named this connection
};

}  // namespace punktfunk::control
