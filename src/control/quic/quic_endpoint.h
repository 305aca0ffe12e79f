// SPDX-License-Identifier: MIT OR Apache-2.0
// QUIC version 1 with TLS 1.3 and ALPN `pkf2` (sections 2.2, 3, 5.4, 5.5 and 26), as a pure state machine: no
// socket, no thread, no clock. Bytes and time go in, datagrams and events come out.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "control/identity/identity.h"
#include "control/quic/quic_handler.h"
#include "control/quic/quic_types.h"

namespace punktfunk::control {

// A server with many connections or a client with one or several. Single-threaded: every call from one
// thread. Owns its connections. `identity`, `random` and `handler` must outlive it. After any call that may
// have queued something (operations included), drain poll_transmit() and read next_deadline() again.
class QuicEndpoint {
 public:
  [[nodiscard]] static Result<std::unique_ptr<QuicEndpoint>> make_server(const QuicConfig& config,
                                                                         const Identity& identity,
                                                                         RandomSource& random,
                                                                         QuicHandler& handler);
  // `identity` may be nullptr: such a client presents no certificate.
  [[nodiscard]] static Result<std::unique_ptr<QuicEndpoint>> make_client(const QuicConfig& config,
                                                                         const Identity* identity,
                                                                         RandomSource& random,
                                                                         QuicHandler& handler);
  ~QuicEndpoint();
  QuicEndpoint(const QuicEndpoint&) = delete;
  QuicEndpoint& operator=(const QuicEndpoint&) = delete;

  // Client only. With a `pin`, a server with any other certificate is refused before anything is sent to it
  // (CloseKind::pin_mismatch). `remote` and `local` must be of the same family.
  [[nodiscard]] Result<ConnectionId> connect(const SocketAddress& local, const SocketAddress& remote,
                                             const std::optional<Fingerprint>& pin, TimePoint now);

  // --- Bytes and time. These deliver events; they must not be called from a handler.

  // One UDP payload. `ecn` holds the two ECN bits it arrived with. Garbage is dropped and counted.
  void receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram, std::uint8_t ecn,
               TimePoint now);
  // When handle_deadline() is due; nullopt: nothing is waiting on time.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);
  // Fills `out` and returns true while there is something to send.
  [[nodiscard]] bool poll_transmit(Transmit& out, TimePoint now);

  // --- Operations. An unknown or closed `id` makes them return false, nullopt or nothing.

  // nullopt: the peer's stream limit is reached (or `id` is unknown).
  [[nodiscard]] std::optional<StreamId> open_stream(ConnectionId id, bool bidirectional = true);
  // Copies `data` into the send queue. False: the stream is unknown or finished, or the connection's send
  // queue is full; in the last case the connection is closed (CloseKind::overflow).
  [[nodiscard]] bool write_stream(ConnectionId id, StreamId stream, ByteView data, bool fin = false);
  // Refuses a stream in both directions it has: RESET_STREAM and STOP_SENDING with `code`.
  void reset_stream(ConnectionId id, StreamId stream, std::uint64_t code);
  // While paused, what was already on its way still arrives (at most 256 KiB), and the peer may send no more.
  void pause_stream(ConnectionId id, StreamId stream, bool paused);
  // Queues a DATAGRAM; the queue holds 4 KiB and drops its oldest first. False: larger than
  // max_datagram_payload().
  [[nodiscard]] bool send_datagram(ConnectionId id, ByteView data);
  // CONNECTION_CLOSE with an application code; `reason` is cut to 256 bytes. What was queued on streams is
  // not waited for. on_closed (CloseKind::local) follows; after it the endpoint still answers late packets
  // for three PTO.
  void close(ConnectionId id, std::uint64_t code, std::string_view reason);
  // A server that is full drops a connection it was not told to keep, to make room for a new one: the oldest
  // of the address that has most of them. CloseKind::overflow; the peer learns it from a stateless reset.
  void keep(ConnectionId id);
  // Every connection, for a host that goes down.
  void close_all(std::uint64_t code, std::string_view reason);

  // RFC 8446 section 7.5 exporter with context; false before the handshake is done.
  [[nodiscard]] bool export_keying_material(ConnectionId id, std::string_view label, ByteView context,
                                            MutableBytes out) const;
  [[nodiscard]] std::optional<SocketAddress> remote_address(ConnectionId id) const;
  [[nodiscard]] std::optional<SocketAddress> local_address(ConnectionId id) const;
  // Largest payload send_datagram() takes now; grows with path MTU discovery.
  [[nodiscard]] std::size_t max_datagram_payload(ConnectionId id) const;
  [[nodiscard]] std::optional<ConnectionStats> stats(ConnectionId id) const;
  // Connections that are open or being opened.
  [[nodiscard]] std::size_t connection_count() const;
  // Datagrams that belonged to no connection or were malformed.
  [[nodiscard]] std::uint64_t dropped_datagrams() const;

 private:
  class Impl;
  explicit QuicEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace punktfunk::control
