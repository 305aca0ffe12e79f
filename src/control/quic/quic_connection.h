// SPDX-License-Identifier: MIT OR Apache-2.0
// One QUIC connection: the library's state machine, its TLS session, and what waits to be sent.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "control/quic/ngtcp2_compat.h"
#include "control/quic/quic_event.h"
#include "control/quic/routing_table.h"
#include "control/quic/send_buffer.h"
#include "control/quic/tls_session.h"

namespace punktfunk::control {

// Section 3: path MTU discovery ends at 1472, the UDP payload of a 1500-byte IPv4 packet (1500 - 20 - 8).
inline constexpr std::size_t kMaxUdpPayload = 1472;
inline constexpr std::uint64_t kStreamWindow = 256 * 1024;
inline constexpr std::uint64_t kConnectionWindow = 1024 * 1024;
// What a client may make a host hold by sending everything but the first byte. Anybody may connect, and needs
// one control stream: two windows, so that a stream that is not read leaves one to the others. 256
// connections are 128 MiB at most.
inline constexpr std::uint64_t kServerConnectionWindow = 2 * kStreamWindow;
// One control stream plus the transfers in progress (section 3); unidirectional streams are reserved (5.4).
inline constexpr std::uint64_t kMaxPeerStreams = 16;
inline constexpr std::uint64_t kMaxPeerUniStreams = 4;
inline constexpr std::size_t kDatagramQueueBytes = 4096;  // section 3
inline constexpr std::size_t kMaxReasonBytes = 256;       // section 26
// RFC 9000 section 10.2: the closing and draining states last at least three times the PTO.
inline constexpr int kClosingPtos = 3;

[[nodiscard]] inline ngtcp2_tstamp to_ngtcp2(TimePoint time) {
  return static_cast<ngtcp2_tstamp>(time.time_since_epoch().count());
}

// What all connections of one endpoint share; owned by the endpoint.
struct ConnectionShared {
  QuicConfig config;
  RandomSource& random;
  TlsCredentials credentials;
  std::array<std::uint8_t, 32> reset_secret;
  RoutingTable routes;
  EventQueue events;
};

// The library's randomness. While a connection is made, the library throws one byte to decide whether it will
// clear the QUIC bit towards a peer that allows it (RFC 9287). Such packets could not be told from media on
// the shared port (section 2.1), whatever the peer allows: that throw is loaded.
class LibraryRandom final : public RandomSource {
 public:
  explicit LibraryRandom(RandomSource& inner) : inner_(inner) {}
  void fill(MutableBytes out) override {
    inner_.fill(out);
    if (making_connection && out.size() == 1) out[0] = kKeepQuicBit;
  }
  bool making_connection = true;

 private:
  static constexpr std::uint8_t kKeepQuicBit = 0x00;
  RandomSource& inner_;
};

class QuicConnection {
 public:
  struct Acceptance {
    ngtcp2_pkt_hd header;      // of the client's Initial; its token lives as long as the datagram
    ngtcp2_cid original_dcid;  // from the token
  };
  // Both: nullptr when memory or the libraries give out.
  [[nodiscard]] static std::unique_ptr<QuicConnection> accept(ConnectionShared& shared, ConnectionId id,
                                                              const Acceptance& acceptance,
                                                              const SocketAddress& local,
                                                              const SocketAddress& remote, TimePoint now);
  [[nodiscard]] static std::unique_ptr<QuicConnection> connect(ConnectionShared& shared, ConnectionId id,
                                                               const SocketAddress& local,
                                                               const SocketAddress& remote,
                                                               const std::optional<Fingerprint>& pin,
                                                               TimePoint now);
  ~QuicConnection();
  QuicConnection(const QuicConnection&) = delete;
  QuicConnection& operator=(const QuicConnection&) = delete;

  void receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram, std::uint8_t ecn,
               TimePoint now);
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  void handle_deadline(TimePoint now);
  // One datagram. False: nothing to send until the next receive(), handle_deadline() or operation.
  [[nodiscard]] bool write(Transmit& out, TimePoint now);

  [[nodiscard]] bool wants_write() const { return wants_write_; }
  // The Closed event was queued; operations do nothing any more.
  [[nodiscard]] bool is_closed() const { return state_ != State::active; }
  [[nodiscard]] bool closed_here() const { return closed_here_; }
  // Nothing more to send or to wait for.
  [[nodiscard]] bool is_finished() const { return state_ == State::finished; }
  [[nodiscard]] bool handshake_done() const { return handshake_done_; }
  // Not to be ended to make room for others.
  void keep() { kept_ = true; }
  [[nodiscard]] bool is_kept() const { return kept_; }
  [[nodiscard]] ConnectionId id() const { return id_; }
  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  [[nodiscard]] const SocketAddress& local() const { return local_; }

  [[nodiscard]] std::optional<StreamId> open_stream(bool bidirectional);
  [[nodiscard]] bool write_stream(StreamId stream, ByteView data, bool fin);
  void reset_stream(StreamId stream, std::uint64_t code);
  void pause_stream(StreamId stream, bool paused);
  [[nodiscard]] bool send_datagram(ByteView data);
  void close(CloseKind kind, std::uint64_t code, std::string_view reason);
  // Ends it without a word and without the closing period, which would cost memory.
  void drop(CloseKind kind, std::uint64_t code);
  [[nodiscard]] bool export_keying_material(std::string_view label, ByteView context, MutableBytes out) const;
  [[nodiscard]] std::size_t max_datagram_payload() const;
  [[nodiscard]] ConnectionStats stats() const;

  // False: reset_stream() was called, what still arrives is not for the handler.
  [[nodiscard]] bool wants_data(StreamId stream) const;
  // Stream bytes reached the handler: the peer may send as many more.
  void consumed(StreamId stream, std::size_t bytes);

 private:
  friend struct QuicCallbacks;

  enum class State : std::uint8_t { active, close_queued, closing, draining, finished };
  struct Stream {
    SendBuffer send;
    bool send_closed = false;
    bool refused = false;
    bool paused = false;
    std::uint64_t owed = 0;  // bytes delivered while paused, for which the peer got no credit yet
  };

  QuicConnection(ConnectionShared& shared, ConnectionId id, const SocketAddress& local,
                 const SocketAddress& remote);
  [[nodiscard]] bool start(TlsSession::Role role, const std::optional<Fingerprint>& pin,
                           const Acceptance* acceptance, TimePoint now);
  [[nodiscard]] ngtcp2_settings settings(std::uint64_t window, TimePoint now);
  [[nodiscard]] ngtcp2_transport_params transport_params(std::uint64_t window) const;
  [[nodiscard]] ngtcp2_cid random_cid() const;

  template <class Event>
  void queue(Event event) {
    shared_.events.push_back({id_, std::move(event)});
  }
  void report_closed(CloseKind kind, std::uint64_t code, std::string_view reason, std::uint8_t alert = 0);
  void fail(int library_error);
  void closed_by_peer();
  void check_path();
  void adapt_keep_alive();
  [[nodiscard]] bool write_close(Transmit& out, TimePoint now);
  [[nodiscard]] bool write_active(Transmit& out, TimePoint now);
  // The library's result: size of a packet, 0 for none, NGTCP2_ERR_WRITE_MORE for "the packet has room", an
  // error.
  [[nodiscard]] ngtcp2_ssize write_datagram(ngtcp2_path& path, ngtcp2_pkt_info& info, Bytes& out,
                                            ngtcp2_tstamp ts);
  [[nodiscard]] ngtcp2_ssize write_streams(ngtcp2_path& path, ngtcp2_pkt_info& info, Bytes& out,
                                           ngtcp2_tstamp ts);
  void drop_oversized_datagrams();
  void pop_datagram();

  struct FreeConn {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };

  ConnectionShared& shared_;
  LibraryRandom random_;
  ConnectionId id_;
  SocketAddress local_;
  SocketAddress remote_;
  std::unique_ptr<TlsSession> tls_;  // outlives conn_, which uses it
  std::unique_ptr<ngtcp2_conn, FreeConn> conn_;

  State state_ = State::active;
  bool wants_write_ = true;
  bool handshake_done_ = false;
  bool path_validated_ = false;
  bool reset_by_peer_ = false;
  bool closed_here_ = false;
  bool kept_ = false;

  std::map<StreamId, Stream> streams_;
  std::size_t queued_stream_bytes_ = 0;
  std::deque<Bytes> datagrams_;
  std::size_t queued_datagram_bytes_ = 0;
  std::uint64_t datagrams_dropped_ = 0;
  std::uint64_t next_datagram_id_ = 0;
  TimePoint last_heard_{};

  ngtcp2_ccerr close_error_{};
  std::string close_reason_;  // close_error_ points into it
  Bytes close_packet_;
  SocketAddress close_local_, close_remote_;
  std::optional<TimePoint> end_of_closing_;
  std::uint64_t received_while_closing_ = 0;
};

}  // namespace punktfunk::control
