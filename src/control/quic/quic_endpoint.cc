// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/quic/quic_endpoint.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "control/quic/quic_connection.h"
#include "control/quic/server_gate.h"

namespace punktfunk::control {
namespace {

// Answers to unknown peers that wait for the socket; more are dropped.
constexpr std::size_t kMaxReplies = 256;
constexpr std::uint64_t kBusy = 0x42;  // section 26
// A TLS handshake costs some 0.4 ms of the thread that carries everybody's input: 128 a second are 5 % of it.
// Twice as many may come at once.
constexpr Duration kHandshakeCost = Duration(std::chrono::seconds(1)) / 128;
constexpr Duration kHandshakeBurst = std::chrono::seconds(2);

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

class QuicEndpoint::Impl {
 public:
  Impl(TlsSession::Role role, ConnectionShared shared, QuicHandler& handler)
      : shared_(std::move(shared)), handler_(handler) {
    if (role == TlsSession::Role::server) gate_.emplace(shared_.random);
  }

  Result<ConnectionId> connect(const SocketAddress& local, const SocketAddress& remote,
                               const std::optional<Fingerprint>& pin, TimePoint now);
  void receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram, std::uint8_t ecn,
               TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  void handle_deadline(TimePoint now);
  bool poll_transmit(Transmit& out, TimePoint now);

  // nullptr: unknown or closed.
  QuicConnection* find(ConnectionId id) const {
    const auto at = connections_.find(id);
    return at == connections_.end() || at->second->is_closed() ? nullptr : at->second.get();
  }
  void close_all(std::uint64_t code, std::string_view reason) {
    for (auto& [id, connection] : connections_) connection->close(CloseKind::local, code, reason);
  }
  std::size_t connection_count() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const auto& entry) { return !entry.second->is_closed(); }));
  }
  std::uint64_t dropped() const { return dropped_; }

 private:
  QuicConnection* route(const SocketAddress& remote, ByteView datagram) const;
  void receive_unrouted(const SocketAddress& local, const SocketAddress& remote, ByteView datagram,
                        std::uint8_t ecn, TimePoint now);
  // Whether another handshake fits the rate; it is charged then.
  bool may_begin(TimePoint now);
  bool make_room_for(const SocketAddress& remote);
  // Ends a connection that nobody wants kept. False: there is none. `half_open`: only such.
  bool end_one_of_many(bool half_open);
  void deliver();
  void deliver(QuicEvent& event);
  void remove_finished() {
    std::erase_if(connections_, [](const auto& entry) { return entry.second->is_finished(); });
  }

  ConnectionShared shared_;
  QuicHandler& handler_;
  std::optional<ServerGate> gate_;  // servers only
  std::map<ConnectionId, std::unique_ptr<QuicConnection>> connections_;
  ConnectionId last_id_ = 0;
  ConnectionId last_served_ = 0;
  TimePoint handshakes_paid_until_{};
  std::deque<Transmit> replies_;
  std::uint64_t dropped_ = 0;
};

Result<ConnectionId> QuicEndpoint::Impl::connect(const SocketAddress& local, const SocketAddress& remote,
                                                 const std::optional<Fingerprint>& pin, TimePoint now) {
  if (gate_) return fail("Cannot connect: this endpoint is a server. Use a client endpoint.");
  if (local.family() != remote.family()) {
    return fail("Cannot connect to " + remote.to_string() +
                ": the local socket is of another address family. Open a socket of the same family.");
  }
  if (connections_.size() >= shared_.config.max_connections) {
    return fail("Cannot connect to " + remote.to_string() +
                ": too many connections are open. Close some first.");
  }
  const ConnectionId id = ++last_id_;
  auto connection = QuicConnection::connect(shared_, id, local, remote, pin, now);
  if (!connection) {
    return fail(
        "Cannot connect to " + remote.to_string() +
        ": the QUIC or TLS library could not set the connection up. Check that they are installed whole.");
  }
  connections_.emplace(id, std::move(connection));
  return id;
}

QuicConnection* QuicEndpoint::Impl::route(const SocketAddress& remote, ByteView datagram) const {
  ngtcp2_version_cid packet{};
  const int rc = ngtcp2_pkt_decode_version_cid(&packet, datagram.data(), datagram.size(), kCidBytes);
  if (rc != 0 && rc != NGTCP2_ERR_VERSION_NEGOTIATION) return nullptr;
  if (const auto id = shared_.routes.find({packet.dcid, packet.dcidlen})) {
    const auto at = connections_.find(*id);
    return at == connections_.end() ? nullptr : at->second.get();
  }
  // A stateless reset carries no id of ours; the library knows it by its last 16 bytes. Only a client expects
  // one.
  if (gate_ || (datagram[0] & 0x80) != 0) return nullptr;
  for (const auto& [id, connection] : connections_) {
    if (connection->remote() == remote && !connection->is_closed()) return connection.get();
  }
  return nullptr;
}

void QuicEndpoint::Impl::receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram,
                                 std::uint8_t ecn, TimePoint now) {
  if (datagram.empty()) {
    ++dropped_;
    return;
  }
  if (QuicConnection* connection = route(remote, datagram)) {
    // A client's socket does not move. Its wildcard address and what the kernel reports for one packet are
    // the same.
    connection->receive(gate_ ? local : connection->local(), remote, datagram, ecn, now);
  } else {
    receive_unrouted(local, remote, datagram, ecn, now);
  }
  deliver();
  remove_finished();
}

void QuicEndpoint::Impl::receive_unrouted(const SocketAddress& local, const SocketAddress& remote,
                                          ByteView datagram, std::uint8_t ecn, TimePoint now) {
  ServerGate::Verdict verdict;
  if (gate_) verdict = gate_->judge(remote, datagram, shared_.reset_secret, now);
  if (const auto* accept = std::get_if<ServerGate::Accept>(&verdict)) {
    // Without an answer the client sends it again, and may have more luck.
    if (!may_begin(now)) {
      ++dropped_;
      return;
    }
    if (make_room_for(remote)) {
      const ConnectionId id = ++last_id_;
      auto connection = QuicConnection::accept(shared_, id, *accept, local, remote, now);
      if (!connection) {
        ++dropped_;
        return;
      }
      connection->receive(local, remote, datagram, ecn, now);
      connections_.emplace(id, std::move(connection));
      return;
    }
    verdict = ServerGate::refuse(accept->header);
  }
  auto* reply = std::get_if<ServerGate::Reply>(&verdict);
  if (reply == nullptr || replies_.size() >= kMaxReplies) {
    ++dropped_;
    return;
  }
  replies_.push_back({local, remote, std::move(*reply), 0, 0});
}

bool QuicEndpoint::Impl::may_begin(TimePoint now) {
  const TimePoint paid_until = std::max(handshakes_paid_until_, now) + kHandshakeCost;
  if (paid_until - now > kHandshakeBurst) return false;
  handshakes_paid_until_ = paid_until;
  return true;
}

bool QuicEndpoint::Impl::make_room_for(const SocketAddress& remote) {
  const QuicConfig& config = shared_.config;
  // Closed connections still take memory for a few round trips; an address gets no more by closing quickly.
  if (connections_.size() >= 2 * config.max_connections) return false;
  std::size_t open = 0;
  std::size_t half_open = 0;
  std::size_t same_address = 0;
  const std::string ip = remote.ip();
  for (const auto& [id, connection] : connections_) {
    if (!connection->is_closed()) ++open;
    if (!connection->is_closed() && !connection->handshake_done()) ++half_open;
    if (connection->remote().ip() == ip) ++same_address;
  }
  if (same_address >= config.max_connections_per_address) return false;
  // A crowd that connects and then says nothing must not keep out a client that has something to say.
  if (half_open >= config.max_half_open) return end_one_of_many(true);
  return open < config.max_connections || end_one_of_many(false);
}

bool QuicEndpoint::Impl::end_one_of_many(bool half_open) {
  // Ids ascend, so that the first one of an address is its oldest.
  std::map<std::string, std::pair<std::size_t, QuicConnection*>> idle;
  for (const auto& [id, connection] : connections_) {
    if (connection->is_closed() || connection->is_kept()) continue;
    if (half_open && connection->handshake_done()) continue;
    auto& [count, oldest] = idle[connection->remote().ip()];
    if (count++ == 0) oldest = connection.get();
  }
  const auto most = std::max_element(idle.begin(), idle.end(), [](const auto& a, const auto& b) {
    const auto& [a_count, a_oldest] = a.second;
    const auto& [b_count, b_oldest] = b.second;
    return a_count != b_count ? a_count < b_count : a_oldest->id() > b_oldest->id();
  });
  if (most == idle.end()) return false;
  most->second.second->drop(CloseKind::overflow, kBusy);
  return true;
}

std::optional<TimePoint> QuicEndpoint::Impl::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [id, connection] : connections_) {
    const auto deadline = connection->deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

void QuicEndpoint::Impl::handle_deadline(TimePoint now) {
  for (auto& [id, connection] : connections_) connection->handle_deadline(now);
  deliver();
  remove_finished();
}

bool QuicEndpoint::Impl::poll_transmit(Transmit& out, TimePoint now) {
  deliver();
  if (!replies_.empty()) {
    out = std::move(replies_.front());
    replies_.pop_front();
    return true;
  }
  // In turn, beginning after the connection served last.
  for (std::size_t tries = connections_.size(); tries > 0; --tries) {
    auto at = connections_.upper_bound(last_served_);
    if (at == connections_.end()) at = connections_.begin();
    last_served_ = at->first;
    if (at->second->wants_write() && at->second->write(out, now)) {
      deliver();
      return true;
    }
  }
  deliver();
  remove_finished();
  return false;
}

void QuicEndpoint::Impl::deliver() {
  // Handlers may add events by their operations.
  while (!shared_.events.empty()) {
    QuicEvent event = std::move(shared_.events.front());
    shared_.events.pop_front();
    deliver(event);
  }
}

void QuicEndpoint::Impl::deliver(QuicEvent& event) {
  const ConnectionId id = event.id;
  const auto at = connections_.find(id);
  QuicConnection* connection = at == connections_.end() ? nullptr : at->second.get();
  // After close() its caller only waits for on_closed.
  const bool only_closed = connection != nullptr && connection->closed_here();
  if (only_closed && !std::holds_alternative<ClosedEvent>(event.what)) return;
  std::visit(Overloaded{
                 [&](HandshakeDoneEvent& e) { handler_.on_handshake_done(id, e.peer); },
                 [&](StreamOpenedEvent& e) { handler_.on_stream_opened(id, e.stream, e.bidirectional); },
                 [&](StreamDataEvent& e) {
                   if (connection == nullptr || connection->wants_data(e.stream)) {
                     handler_.on_stream_data(id, e.stream, e.data, e.fin);
                   }
                   // Connections are only removed after delivery, so the pointer still holds.
                   if (connection != nullptr) connection->consumed(e.stream, e.data.size());
                 },
                 [&](StreamResetEvent& e) { handler_.on_stream_reset(id, e.stream, e.code); },
                 [&](DatagramEvent& e) { handler_.on_datagram(id, e.data); },
                 [&](PathChangedEvent& e) { handler_.on_path_changed(id, e.remote); },
                 [&](ClosedEvent& e) { handler_.on_closed(id, e.info); },
             },
             event.what);
}

namespace {

Result<ConnectionShared> make_shared_state(const QuicConfig& config, const Identity* identity,
                                           RandomSource& random) {
  auto credentials = TlsCredentials::create(identity);
  if (!credentials) return tl::unexpected(credentials.error());
  return ConnectionShared{config, random, std::move(*credentials), random.bytes<32>(), {}, {}};
}

}  // namespace

Result<std::unique_ptr<QuicEndpoint>> QuicEndpoint::make_server(const QuicConfig& config,
                                                                const Identity& identity,
                                                                RandomSource& random, QuicHandler& handler) {
  auto shared = make_shared_state(config, &identity, random);
  if (!shared) return tl::unexpected(shared.error());
  auto impl = std::make_unique<Impl>(TlsSession::Role::server, std::move(*shared), handler);
  return std::unique_ptr<QuicEndpoint>(new QuicEndpoint(std::move(impl)));
}

Result<std::unique_ptr<QuicEndpoint>> QuicEndpoint::make_client(const QuicConfig& config,
                                                                const Identity* identity,
                                                                RandomSource& random, QuicHandler& handler) {
  auto shared = make_shared_state(config, identity, random);
  if (!shared) return tl::unexpected(shared.error());
  auto impl = std::make_unique<Impl>(TlsSession::Role::client, std::move(*shared), handler);
  return std::unique_ptr<QuicEndpoint>(new QuicEndpoint(std::move(impl)));
}

QuicEndpoint::QuicEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QuicEndpoint::~QuicEndpoint() = default;

Result<ConnectionId> QuicEndpoint::connect(const SocketAddress& local, const SocketAddress& remote,
                                           const std::optional<Fingerprint>& pin, TimePoint now) {
  return impl_->connect(local, remote, pin, now);
}
void QuicEndpoint::receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram,
                           std::uint8_t ecn, TimePoint now) {
  impl_->receive(local, remote, datagram, ecn, now);
}
std::optional<TimePoint> QuicEndpoint::next_deadline() const { return impl_->next_deadline(); }
void QuicEndpoint::handle_deadline(TimePoint now) { impl_->handle_deadline(now); }
bool QuicEndpoint::poll_transmit(Transmit& out, TimePoint now) { return impl_->poll_transmit(out, now); }

std::optional<StreamId> QuicEndpoint::open_stream(ConnectionId id, bool bidirectional) {
  QuicConnection* connection = impl_->find(id);
  return connection == nullptr ? std::nullopt : connection->open_stream(bidirectional);
}
bool QuicEndpoint::write_stream(ConnectionId id, StreamId stream, ByteView data, bool fin) {
  QuicConnection* connection = impl_->find(id);
  return connection != nullptr && connection->write_stream(stream, data, fin);
}
void QuicEndpoint::reset_stream(ConnectionId id, StreamId stream, std::uint64_t code) {
  if (QuicConnection* connection = impl_->find(id)) connection->reset_stream(stream, code);
}
void QuicEndpoint::pause_stream(ConnectionId id, StreamId stream, bool paused) {
  if (QuicConnection* connection = impl_->find(id)) connection->pause_stream(stream, paused);
}
bool QuicEndpoint::send_datagram(ConnectionId id, ByteView data) {
  QuicConnection* connection = impl_->find(id);
  return connection != nullptr && connection->send_datagram(data);
}
void QuicEndpoint::close(ConnectionId id, std::uint64_t code, std::string_view reason) {
  if (QuicConnection* connection = impl_->find(id)) connection->close(CloseKind::local, code, reason);
}
void QuicEndpoint::keep(ConnectionId id) {
  if (QuicConnection* connection = impl_->find(id)) connection->keep();
}
void QuicEndpoint::close_all(std::uint64_t code, std::string_view reason) { impl_->close_all(code, reason); }

bool QuicEndpoint::export_keying_material(ConnectionId id, std::string_view label, ByteView context,
                                          MutableBytes out) const {
  const QuicConnection* connection = impl_->find(id);
  return connection != nullptr && connection->export_keying_material(label, context, out);
}
std::optional<SocketAddress> QuicEndpoint::remote_address(ConnectionId id) const {
  const QuicConnection* connection = impl_->find(id);
  return connection == nullptr ? std::nullopt : std::optional(connection->remote());
}
std::optional<SocketAddress> QuicEndpoint::local_address(ConnectionId id) const {
  const QuicConnection* connection = impl_->find(id);
  return connection == nullptr ? std::nullopt : std::optional(connection->local());
}
std::size_t QuicEndpoint::max_datagram_payload(ConnectionId id) const {
  const QuicConnection* connection = impl_->find(id);
  return connection == nullptr ? 0 : connection->max_datagram_payload();
}
std::optional<ConnectionStats> QuicEndpoint::stats(ConnectionId id) const {
  const QuicConnection* connection = impl_->find(id);
  return connection == nullptr ? std::nullopt : std::optional(connection->stats());
}
std::size_t QuicEndpoint::connection_count() const { return impl_->connection_count(); }
std::uint64_t QuicEndpoint::dropped_datagrams() const { return impl_->dropped(); }

}  // namespace punktfunk::control
