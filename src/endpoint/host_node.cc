// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/host_node.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "core/wire/datagram.h"
#include "endpoint/control_stream.h"
#include "endpoint/host_events.h"

namespace punktfunk::endpoint {

using control::ConnectionId;
using control::StreamId;
using wire::CloseCode;

namespace {

// Devices that come and go must not fill the log; the list shows them all.
constexpr Duration kKnockLogSpacing = std::chrono::seconds(1);

std::string no_such_request(std::uint32_t id) {
  return "Nobody asks to be let in under number " + std::to_string(id) +
         "; the device may have given up. Look at punktfunk-host ctl pending.";
}

}  // namespace

HostNode::HostNode(const HostConfig& config, const control::Identity& identity, control::TrustStore& clients,
                   RandomSource& random, HostSessions& sessions)
    : config_(config), identity_(identity), clients_(clients), random_(random), sessions_(sessions) {}

HostNode::~HostNode() = default;

HostConnection::Shared HostNode::shared() {
  return {config_, identity_.fingerprint(), clients_, desk_, approvals_, random_, sessions_, *quic_, *this};
}

Result<std::unique_ptr<HostNode>> HostNode::create(const HostConfig& config,
                                                   const control::Identity& identity,
                                                   control::TrustStore& clients, RandomSource& random,
                                                   HostSessions& sessions) {
  std::unique_ptr<HostNode> node(new HostNode(config, identity, clients, random, sessions));
  auto quic = control::QuicEndpoint::make_server(config.quic, identity, random, *node);
  if (!quic) return tl::unexpected(quic.error());
  node->quic_ = std::move(*quic);
  return node;
}

HostConnection* HostNode::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void HostNode::receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram,
                       std::uint8_t ecn, TimePoint now) {
  now_ = now;
  quic_->receive(local, remote, datagram, ecn, now);
}

std::optional<TimePoint> HostNode::next_deadline() const {
  std::optional<TimePoint> next = quic_->next_deadline();
  for (const auto& [id, connection] : connections_) {
    const auto deadline = connection->next_deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  const auto sessions = sessions_.next_decision();
  if (sessions && (!next || *sessions < *next)) next = sessions;
  return next;
}

void HostNode::handle_deadline(TimePoint now) {
  now_ = now;
  quic_->handle_deadline(now);
  // A deadline may close its connection, but on_closed() (which erases it) comes only from within QUIC calls.
  for (const auto& [id, connection] : connections_) connection->handle_deadline(now);
  sessions_.handle_decisions(now);
}

bool HostNode::poll_transmit(control::Transmit& out, TimePoint now) {
  now_ = now;
  return quic_->poll_transmit(out, now);
}

void HostNode::accept(SessionId id, const SessionAnswer& answer, TimePoint now) {
  if (HostConnection* connection = find(id)) connection->accept(answer, now);
}

void HostNode::refuse(SessionId id, CloseCode code, std::string_view reason) {
  if (HostConnection* connection = find(id)) connection->refuse(code, reason);
}

void HostNode::end(SessionId id, CloseCode code, std::string_view reason) {
  if (HostConnection* connection = find(id)) connection->end(code, reason);
}

void HostNode::end_all(CloseCode code, std::string_view reason) {
  quic_->close_all(static_cast<std::uint64_t>(code), reason);
}

void HostNode::send_bitrate(SessionId id, const wire::BitrateChanged& changed) {
  if (HostConnection* connection = find(id)) connection->send_bitrate(changed);
}

void HostNode::begin_epoch(SessionId id, std::uint8_t epoch, const wire::Mode& mode) {
  HostConnection* connection = find(id);
  if (connection == nullptr) return;
  connection->begin_epoch(epoch, mode);
  if (config_.events != nullptr) config_.events->epoch_began(id, mode);
}

void HostNode::send_gap(SessionId id, std::uint32_t gap_ms) {
  if (HostConnection* connection = find(id)) connection->send_gap(gap_ms);
}

void HostNode::send_probe_result(SessionId id, const wire::ProbeResult& result) {
  if (HostConnection* connection = find(id)) connection->send_probe_result(result);
}

void HostNode::send_host_timing(SessionId id, const wire::HostTiming& timing) {
  const HostConnection* connection = find(id);
  if (connection == nullptr || !connection->is_running()) return;
  // Telemetry: one that does not fit the queue is not missed.
  (void)quic_->send_datagram(id, wire::make_datagram(wire::DatagramKind::host_timing, timing.encode()));
}

void HostNode::send_audio(SessionId id, const wire::AudioPacket& packet) {
  const HostConnection* connection = find(id);
  if (connection == nullptr || !connection->is_running()) return;
  // The player conceals what does not fit the queue.
  (void)quic_->send_datagram(id, wire::make_datagram(wire::DatagramKind::audio, packet.encode()));
}

Result<control::ApprovalDesk::Entry> HostNode::approve(std::uint32_t id, TimePoint now,
                                                       const access::Offer& rights) {
  now_ = now;
  const auto entry = approvals_.find(id, now);
  if (!entry) return fail(no_such_request(id));
  // First the store: a device that a restarted host would not know again is not let in.
  const auto stored = trust(entry->fingerprint, entry->name, rights, control::PairedBy::approval);
  if (!stored) return tl::unexpected(stored.error());
  return *entry;
}

Result<control::ApprovalDesk::Entry> HostNode::deny(std::uint32_t id, TimePoint now) {
  now_ = now;
  const auto entry = approvals_.find(id, now);
  if (!entry) return fail(no_such_request(id));
  spdlog::info("The operator turned \"{}\" away ({}).", entry->name,
               control::fingerprint_hex(entry->fingerprint).substr(0, 16));
  (void)approvals_.settle(entry->fingerprint);
  if (config_.events != nullptr) config_.events->denied(*entry);
  if (HostConnection* connection = entry->connection ? find(*entry->connection) : nullptr)
    connection->turn_away(CloseCode::denied, wire::describe(CloseCode::denied));
  return *entry;
}

void HostNode::parked(const control::ApprovalDesk::Parked& parked) {
  if (parked.superseded) {
    if (HostConnection* older = find(*parked.superseded))
      older->turn_away(CloseCode::superseded, wire::describe(CloseCode::superseded));
  }
  const auto entry = parked.is_new ? approvals_.find(parked.id, now_) : std::nullopt;
  if (entry && config_.events != nullptr) config_.events->knocked(*entry);
  if (!entry || (knock_told_ && now_ - *knock_told_ < kKnockLogSpacing)) return;
  knock_told_ = now_;
  spdlog::info("\"{}\" ({}, {}) asks to be let in: punktfunk-host ctl approve {}, or deny {}.", entry->name,
               entry->address.ip(), control::fingerprint_hex(entry->fingerprint).substr(0, 16), parked.id,
               parked.id);
}

std::size_t HostNode::session_count() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& entry) { return entry.second->has_session(); }));
}

std::optional<HostNode::Peer> HostNode::peer(SessionId id) const {
  const auto remote = quic_->remote_address(id);
  const auto stats = quic_->stats(id);
  if (!remote || !stats) return std::nullopt;
  return Peer{*remote, stats->last_heard};
}

void HostNode::on_handshake_done(ConnectionId id, const control::PeerInfo& peer) {
  connections_.emplace(id, std::make_unique<HostConnection>(shared(), id, peer));
}

void HostNode::on_stream_opened(ConnectionId id, StreamId stream, bool) {
  if (stream != kControlStream) quic_->reset_stream(id, stream, kUnknownStreamType);
}

void HostNode::on_stream_data(ConnectionId id, StreamId stream, ByteView data, bool fin) {
  if (HostConnection* connection = find(id)) connection->on_stream_data(stream, data, fin);
}

void HostNode::on_stream_reset(ConnectionId id, StreamId stream, std::uint64_t) {
  if (stream == kControlStream) end(id, CloseCode::error, "The control stream was reset.");
}

void HostNode::on_datagram(ConnectionId id, ByteView data) {
  if (HostConnection* connection = find(id)) connection->on_datagram(data);
}

void HostNode::on_path_changed(ConnectionId id, const SocketAddress& remote) {
  if (HostConnection* connection = find(id)) connection->on_path_changed(remote);
}

void HostNode::on_closed(ConnectionId id, const control::CloseInfo& info) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  // Taken out first, so that whatever session_ended() does cannot meet a half-dead connection.
  const std::unique_ptr<HostConnection> connection = std::move(found->second);
  connections_.erase(found);
  connection->on_closed(info);
}

}  // namespace punktfunk::endpoint
