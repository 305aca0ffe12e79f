// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "control/quic/quic_types.h"

namespace punktfunk::control {

// Receives a QUIC endpoint's events, on the thread that calls the endpoint, from within receive(),
// handle_deadline() and poll_transmit(). Every operation of the endpoint is legal inside these calls;
// receive(), handle_deadline() and poll_transmit() are not. Views are valid during the call only.
class QuicHandler {
 public:
  virtual ~QuicHandler() = default;
  // TLS is complete, the peer's certificate (if any) is proven and the connection is usable.
  virtual void on_handshake_done(ConnectionId id, const PeerInfo& peer) = 0;
  // The peer opened a stream. Comes before the stream's first data.
  virtual void on_stream_opened(ConnectionId id, StreamId stream, bool bidirectional) = 0;
  // In order. `data` may be empty when `fin`.
  virtual void on_stream_data(ConnectionId id, StreamId stream, ByteView data, bool fin) = 0;
  // The peer cut its sending direction short with RESET_STREAM.
  virtual void on_stream_reset(ConnectionId id, StreamId stream, std::uint64_t code) = 0;
  virtual void on_datagram(ConnectionId id, ByteView data) = 0;
  // The peer is now reached at `remote`; the new path was validated.
  virtual void on_path_changed(ConnectionId id, const SocketAddress& remote) = 0;
  // The last event of a connection; `id` is unknown to every operation afterwards. Also delivered after
  // close().
  virtual void on_closed(ConnectionId id, const CloseInfo& info) = 0;
};

}  // namespace punktfunk::control
