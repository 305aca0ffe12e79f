// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/host_node.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.h"
#include "base/text.h"
#include "core/crypto/media_keys.h"
#include "core/wire/datagram.h"
#include "core/wire/features.h"
#include "core/wire/limits.h"
#include "core/wire/media_header.h"
#include "endpoint/control_stream.h"
#include "endpoint/media_exporter.h"
#include "transport/udp/route_mtu.h"

namespace punktfunk::endpoint {

using control::ConnectionId;
using control::StreamId;
using wire::CloseCode;

namespace {

// Section 2.3: 1500 bytes of path MTU less 20 + 8 (IPv4) or 40 + 8 (IPv6) of headers and 46 of ours.
constexpr std::uint16_t kShardIpv4 = 1408;
constexpr std::uint16_t kShardIpv6 = 1388;
// Section 8.3, value of the reference host.
constexpr std::uint16_t kMaxDataPerBlock = 4096;

// Devices that come and go must not fill the log; the list shows them all.
constexpr Duration kKnockLogSpacing = std::chrono::seconds(1);

// The largest even shard that passes to `remote`, and never more than a path of 1500 bytes takes: what lies
// beyond the first hop is not known to carry more.
std::uint16_t shard_for(const HostConfig& config, const SocketAddress& local, const SocketAddress& remote) {
  const std::uint16_t usual = remote.is_ipv6_on_the_wire() ? kShardIpv6 : kShardIpv4;
  const auto mtu = config.route_mtu ? config.route_mtu(local, remote) : std::nullopt;
  if (!mtu) return usual;
  const std::size_t payload = udp_payload_of(*mtu, remote);
  if (payload <= wire::kWireOverhead) return 0;
  return static_cast<std::uint16_t>(
      std::min<std::size_t>(usual, (payload - wire::kWireOverhead) & ~std::size_t{1}));
}

std::string no_such_request(std::uint32_t id) {
  return "Nobody asks to be let in under number " + std::to_string(id) +
         "; the device may have given up. Look at punktfunk-host ctl pending.";
}

}  // namespace

// One client's QUIC connection, from the finished TLS handshake on.
class HostNode::Connection final : private control::HostControl::Surroundings {
 public:
  Connection(HostNode& node, ConnectionId id, const control::PeerInfo& peer)
      : node_(node),
        id_(id),
        peer_(peer),
        control_({peer.fingerprint, peer.address}, node.identity_.fingerprint(), node.desk_, *this,
                 node.random_, node.now_) {}

  void on_stream_data(StreamId stream, ByteView data, bool fin) {
    if (stream != kControlStream) return;  // refused when it was opened
    switch (prefix_.strip(data)) {
      case ControlStreamPrefix::Verdict::control:
        return control_.on_stream_data(data, fin, node_.now_);
      case ControlStreamPrefix::Verdict::refuse:
        return node_.quic_->reset_stream(id_, stream, kUnknownStreamType);
      case ControlStreamPrefix::Verdict::wait:
        return;
    }
  }

  void on_datagram(ByteView bytes) {
    if (!control_.is_running()) return;
    const auto datagram = wire::parse_datagram(bytes);
    if (!datagram) return;
    if (datagram->kind == wire::DatagramKind::input_state) {
      // Payloads that are no 18-byte event (rich input) belong to features this host did not offer.
      if (const auto event = wire::InputEvent::decode(datagram->payload)) node_.sessions_.input(id_, *event);
    } else if (datagram->kind == wire::DatagramKind::feedback) {
      if (const auto feedback = wire::Feedback::decode(datagram->payload))
        node_.sessions_.feedback(id_, *feedback);
    }
  }

  void on_path_changed(const SocketAddress& remote) {
    if (path_) path_->set({node_.quic_->local_address(id_).value_or(SocketAddress{}), remote});
  }

  void on_closed(const control::CloseInfo& info) {
    node_.approvals_.leave(id_);
    if (!session_asked_) return;
    const bool user_quit = info.kind == control::CloseKind::application &&
                           info.code == static_cast<std::uint64_t>(CloseCode::user_quit);
    node_.sessions_.session_ended(id_, user_quit, info.reason);
  }

  void accept(const SessionAnswer& answer, TimePoint now) {
    if (!control_.has_session() || grant_) return;
    wire::ServerHello hello;
    hello.session_id = node_.random_.bytes<16>();
    grant_.emplace();
    grant_->clock = media::SessionClock(now, node_.config_.wall_clock());
    hello.clock_origin_ns = grant_->clock.origin_unix_ns();
    hello.suite = wire::kSuiteAes128Gcm;
    hello.features.set(wire::kHostExtension);
    hello.features.set(wire::kHostMarksRepeats);
    if (asked_.probe_only) hello.features.set(wire::kHostRamp);
    hello.mode = answer.mode;
    hello.fec_scheme = wire::kFecGf16;
    hello.fec_percent = node_.config_.fec_percent;
    hello.max_data_per_block = kMaxDataPerBlock;
    const MediaPath::Addresses path{node_.quic_->local_address(id_).value_or(SocketAddress{}),
                                    node_.quic_->remote_address(id_).value_or(peer_.address)};
    hello.shard_payload = shard_for(node_.config_, path.local, path.remote);
    if (asked_.max_shard_payload != 0) {
      hello.shard_payload = std::min<std::uint16_t>(
          hello.shard_payload, static_cast<std::uint16_t>(asked_.max_shard_payload & ~1u));
    }
    hello.frames = answer.frame_limit;
    hello.compositor = answer.compositor;
    hello.bitrate_kbps = answer.bitrate_kbps;
    hello.codec = answer.video_codec;

    Secret<32> exporter;
    if (hello.shard_payload < wire::kMinShard ||
        !export_media_secret(*node_.quic_, id_, hello.session_id, exporter)) {
      return control_.refuse(CloseCode::setup_failed,
                             "The client's limits or the network path leave no room for video packets.");
    }
    grant_->host_to_client = crypto::derive_direction_secrets(exporter.view()).host_to_client;
    grant_->params.suite = crypto::CipherSuite::aes128_gcm;
    grant_->params.scheme = fec::Scheme::gf16;
    grant_->params.fec_percent = hello.fec_percent;
    grant_->params.max_data_per_block = hello.max_data_per_block;
    grant_->params.shard_payload = hello.shard_payload;
    grant_->params.max_frame_bytes = wire::max_frame_bytes(answer.bitrate_kbps, answer.mode.refresh_hz);
    path_ = std::make_shared<MediaPath>(path);
    grant_->path = path_;
    grant_->wants_host_timing = asked_.features.has(wire::kClientHostTiming);
    grant_->takes_streamed_units = asked_.features.has(wire::kClientStreamedAu);

    wire::StreamConfig config;
    config.mode = answer.mode;
    config.codec = answer.video_codec;
    config.bit_depth = hello.bit_depth;
    config.colour = hello.colour;
    config.chroma_format = hello.chroma_format;
    control_.accept(hello, config, now);
  }

  void admit(TimePoint now) { control_.admit(now); }
  void turn_away(CloseCode code, std::string_view reason) { control_.turn_away(code, reason); }
  void refuse(CloseCode code, std::string_view reason) { control_.refuse(code, reason); }
  void end(CloseCode code, std::string_view reason) { close(code, reason); }
  void send_bitrate(const wire::BitrateChanged& changed) { control_.send_bitrate(changed); }
  void send_probe_result(const wire::ProbeResult& result) { control_.send_probe_result(result); }
  [[nodiscard]] bool has_session() const { return control_.has_session(); }
  [[nodiscard]] bool is_running() const { return control_.is_running(); }
  [[nodiscard]] std::optional<TimePoint> next_deadline() const { return control_.next_deadline(); }
  void handle_deadline(TimePoint now) { control_.handle_deadline(now); }

 private:
  void write(ByteView bytes) override {
    // False means the queue bound was passed; QUIC then closes the connection by itself.
    (void)node_.quic_->write_stream(id_, kControlStream, bytes);
  }

  void close(CloseCode code, std::string_view reason) override {
    if (code == CloseCode::approval_timed_out) {
      node_.approvals_.stop_waiting(id_);
    } else {
      node_.approvals_.leave(id_);
    }
    node_.quic_->close(id_, static_cast<std::uint64_t>(code), reason);
  }

  bool is_paired(const crypto::Digest& fingerprint) override { return node_.clients_.contains(fingerprint); }

  bool store_pairing(const crypto::Digest& fingerprint, const std::string& name) override {
    const auto stored = node_.clients_.add(fingerprint, name.empty() ? "Unnamed device" : name,
                                           node_.config_.wall_clock() / 1'000'000'000);
    if (!stored) spdlog::error("{}", stored.error().message);
    if (stored)
      spdlog::info("Paired with \"{}\" ({}).", name, control::fingerprint_hex(fingerprint).substr(0, 16));
    if (stored) node_.let_in(fingerprint, node_.now_);
    return stored.has_value();
  }

  std::optional<Refusal> knock(const wire::ClientHello& hello) override {
    if (!node_.config_.approval) {
      return Refusal{CloseCode::pairing_not_armed,
                     "This device is not paired with the host; pair it with a PIN first."};
    }
    const auto answer =
        node_.approvals_.knock(id_, *peer_.fingerprint, hello.name, peer_.address, node_.now_);
    if (const auto* code = std::get_if<CloseCode>(&answer)) {
      return Refusal{*code, *code == CloseCode::busy
                                ? "Too many devices ask this host to be let in; try again later."
                                : "This device is not paired with the host, and from outside its local "
                                  "networks only a PIN lets it in."};
    }
    const auto& parked = std::get<control::ApprovalDesk::Parked>(answer);
    if (parked.superseded) {
      if (Connection* older = node_.find(*parked.superseded))
        older->turn_away(CloseCode::superseded, wire::describe(CloseCode::superseded));
    }
    node_.tell_operator(parked);
    return std::nullopt;
  }

  void session_requested(const wire::ClientHello& hello) override {
    if (node_.session_count() > node_.config_.max_sessions) {
      return control_.refuse(CloseCode::busy, "The host already serves as many sessions as it may.");
    }
    asked_ = hello;
    session_asked_ = true;
    SessionRequest request;
    request.id = id_;
    request.hello = hello;
    request.fingerprint = *peer_.fingerprint;
    const control::PinnedPeer* known = node_.clients_.find(*peer_.fingerprint);
    request.device_name = known != nullptr ? known->name : "Unnamed device";
    request.remote = peer_.address;
    node_.sessions_.session_requested(request);
  }

  std::optional<wire::BitrateChanged> bitrate_asked(std::uint32_t kbps) override {
    return node_.sessions_.bitrate_asked(id_, kbps);
  }

  bool probe_asked(const wire::ProbeRequest& request) override {
    return node_.sessions_.probe_asked(id_, request);
  }

  void session_ready() override { node_.sessions_.session_started(id_, *grant_); }

  std::uint64_t session_time_ns(TimePoint at) override { return grant_ ? grant_->clock.unix_ns(at) : 0; }

  HostNode& node_;
  const ConnectionId id_;
  const control::PeerInfo peer_;
  ControlStreamPrefix prefix_;
  control::HostControl control_;
  wire::ClientHello asked_;
  bool session_asked_ = false;
  std::optional<MediaGrant> grant_;
  std::shared_ptr<MediaPath> path_;
};

HostNode::HostNode(const HostConfig& config, const control::Identity& identity, control::PinStore& clients,
                   RandomSource& random, HostSessions& sessions)
    : config_(config), identity_(identity), clients_(clients), random_(random), sessions_(sessions) {}

HostNode::~HostNode() = default;

Result<std::unique_ptr<HostNode>> HostNode::create(const HostConfig& config,
                                                   const control::Identity& identity,
                                                   control::PinStore& clients, RandomSource& random,
                                                   HostSessions& sessions) {
  std::unique_ptr<HostNode> node(new HostNode(config, identity, clients, random, sessions));
  auto quic = control::QuicEndpoint::make_server(config.quic, identity, random, *node);
  if (!quic) return tl::unexpected(quic.error());
  node->quic_ = std::move(*quic);
  return node;
}

HostNode::Connection* HostNode::find(ConnectionId id) {
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
  return next;
}

void HostNode::handle_deadline(TimePoint now) {
  now_ = now;
  quic_->handle_deadline(now);
  // A deadline may close its connection, but on_closed() (which erases it) comes only from within QUIC calls.
  for (const auto& [id, connection] : connections_) connection->handle_deadline(now);
}

bool HostNode::poll_transmit(control::Transmit& out, TimePoint now) {
  now_ = now;
  return quic_->poll_transmit(out, now);
}

void HostNode::accept(SessionId id, const SessionAnswer& answer, TimePoint now) {
  if (Connection* connection = find(id)) connection->accept(answer, now);
}

void HostNode::refuse(SessionId id, CloseCode code, std::string_view reason) {
  if (Connection* connection = find(id)) connection->refuse(code, reason);
}

void HostNode::end(SessionId id, CloseCode code, std::string_view reason) {
  if (Connection* connection = find(id)) connection->end(code, reason);
}

void HostNode::end_all(CloseCode code, std::string_view reason) {
  quic_->close_all(static_cast<std::uint64_t>(code), reason);
}

void HostNode::send_bitrate(SessionId id, const wire::BitrateChanged& changed) {
  if (Connection* connection = find(id)) connection->send_bitrate(changed);
}

void HostNode::send_probe_result(SessionId id, const wire::ProbeResult& result) {
  if (Connection* connection = find(id)) connection->send_probe_result(result);
}

void HostNode::send_host_timing(SessionId id, const wire::HostTiming& timing) {
  const Connection* connection = find(id);
  if (connection == nullptr || !connection->is_running()) return;
  // Telemetry: one that does not fit the queue is not missed.
  (void)quic_->send_datagram(id, wire::make_datagram(wire::DatagramKind::host_timing, timing.encode()));
}

void HostNode::send_audio(SessionId id, const wire::AudioPacket& packet) {
  const Connection* connection = find(id);
  if (connection == nullptr || !connection->is_running()) return;
  // The player conceals what does not fit the queue.
  (void)quic_->send_datagram(id, wire::make_datagram(wire::DatagramKind::audio, packet.encode()));
}

Result<control::ApprovalDesk::Entry> HostNode::approve(std::uint32_t id, TimePoint now) {
  now_ = now;
  const auto entry = approvals_.find(id, now);
  if (!entry) return fail(no_such_request(id));
  // First the store: a device that a restarted host would not know again is not let in.
  const auto stored = clients_.add(entry->fingerprint, entry->name, config_.wall_clock() / 1'000'000'000);
  if (!stored) return tl::unexpected(stored.error());
  spdlog::info("The operator let \"{}\" in ({}).", entry->name,
               control::fingerprint_hex(entry->fingerprint).substr(0, 16));
  let_in(entry->fingerprint, now);
  return *entry;
}

Result<control::ApprovalDesk::Entry> HostNode::deny(std::uint32_t id, TimePoint now) {
  now_ = now;
  const auto entry = approvals_.find(id, now);
  if (!entry) return fail(no_such_request(id));
  spdlog::info("The operator turned \"{}\" away ({}).", entry->name,
               control::fingerprint_hex(entry->fingerprint).substr(0, 16));
  (void)approvals_.settle(entry->fingerprint);
  if (Connection* connection = entry->connection ? find(*entry->connection) : nullptr)
    connection->turn_away(CloseCode::denied, wire::describe(CloseCode::denied));
  return *entry;
}

void HostNode::tell_operator(const control::ApprovalDesk::Parked& parked) {
  const auto entry = parked.is_new ? approvals_.find(parked.id, now_) : std::nullopt;
  if (!entry || (knock_told_ && now_ - *knock_told_ < kKnockLogSpacing)) return;
  knock_told_ = now_;
  spdlog::info("\"{}\" ({}, {}) asks to be let in: punktfunk-host ctl approve {}, or deny {}.", entry->name,
               entry->address.ip(), control::fingerprint_hex(entry->fingerprint).substr(0, 16), parked.id,
               parked.id);
}

void HostNode::let_in(const control::Fingerprint& fingerprint, TimePoint now) {
  const auto waiting = approvals_.settle(fingerprint);
  if (Connection* connection = waiting ? find(*waiting) : nullptr) connection->admit(now);
}

std::size_t HostNode::session_count() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& entry) { return entry.second->has_session(); }));
}

void HostNode::on_handshake_done(ConnectionId id, const control::PeerInfo& peer) {
  connections_.emplace(id, std::make_unique<Connection>(*this, id, peer));
}

void HostNode::on_stream_opened(ConnectionId id, StreamId stream, bool) {
  if (stream != kControlStream) quic_->reset_stream(id, stream, kUnknownStreamType);
}

void HostNode::on_stream_data(ConnectionId id, StreamId stream, ByteView data, bool fin) {
  if (Connection* connection = find(id)) connection->on_stream_data(stream, data, fin);
}

void HostNode::on_stream_reset(ConnectionId id, StreamId stream, std::uint64_t) {
  if (stream == kControlStream) end(id, CloseCode::error, "The control stream was reset.");
}

void HostNode::on_datagram(ConnectionId id, ByteView data) {
  if (Connection* connection = find(id)) connection->on_datagram(data);
}

void HostNode::on_path_changed(ConnectionId id, const SocketAddress& remote) {
  if (Connection* connection = find(id)) connection->on_path_changed(remote);
}

void HostNode::on_closed(ConnectionId id, const control::CloseInfo& info) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  // Taken out first, so that whatever session_ended() does cannot meet a half-dead connection.
  const std::unique_ptr<Connection> connection = std::move(found->second);
  connections_.erase(found);
  connection->on_closed(info);
}

}  // namespace punktfunk::endpoint
