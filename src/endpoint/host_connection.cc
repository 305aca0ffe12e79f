// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/host_connection.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.h"
#include "control/identity/trust_store.h"
#include "core/crypto/media_keys.h"
#include "core/wire/datagram.h"
#include "core/wire/features.h"
#include "core/wire/limits.h"
#include "core/wire/media_header.h"
#include "endpoint/host_events.h"
#include "endpoint/media_exporter.h"
#include "transport/udp/route_mtu.h"

namespace punktfunk::endpoint {

using control::ConnectionId;
using control::StreamId;
using wire::CloseCode;

namespace {

// Time is looked at again at least this often while a session runs: the wall clock may be set.
constexpr std::uint64_t kAccessCheckSeconds = 60;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// Section 2.3: 1500 bytes of path MTU less 20 + 8 (IPv4) or 40 + 8 (IPv6) of headers and 46 of ours.
constexpr std::uint16_t kShardIpv4 = 1408;
constexpr std::uint16_t kShardIpv6 = 1388;
// Section 8.3, value of the reference host.
constexpr std::uint16_t kMaxDataPerBlock = 4096;

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

// Whether nothing need be kept for the client: it quit, or this host sent it away for good.
bool is_for_good(const control::CloseInfo& info) {
  const auto code = static_cast<CloseCode>(info.code);
  if (info.kind == control::CloseKind::application) return code == CloseCode::user_quit;
  if (info.kind != control::CloseKind::local) return false;
  return code == CloseCode::done || code == CloseCode::application_ended || code == CloseCode::denied ||
         code == CloseCode::access_expired || code == CloseCode::pairing_not_armed;
}

}  // namespace

HostConnection::HostConnection(const Shared& shared, ConnectionId id, const control::PeerInfo& peer)
    : shared_(shared),
      id_(id),
      peer_(peer),
      control_({peer.fingerprint, peer.address}, shared.host_fingerprint, shared.desk, *this, shared.random,
               shared.node.now()) {}

void HostConnection::on_stream_data(StreamId stream, ByteView data, bool fin) {
  if (stream != kControlStream) return;  // refused when it was opened
  switch (prefix_.strip(data)) {
    case ControlStreamPrefix::Verdict::control:
      return control_.on_stream_data(data, fin, shared_.node.now());
    case ControlStreamPrefix::Verdict::refuse:
      return shared_.quic.reset_stream(id_, stream, kUnknownStreamType);
    case ControlStreamPrefix::Verdict::wait:
      return;
  }
}

void HostConnection::on_datagram(ByteView bytes) {
  if (!control_.is_running()) return;
  const auto datagram = wire::parse_datagram(bytes);
  if (!datagram || !gate_.pass(access::needed(*datagram))) return;
  if (datagram->kind == wire::DatagramKind::input_state) {
    // Rich input belongs to features this host did not offer, and so does a microphone.
    if (const auto event = wire::InputEvent::decode(datagram->payload)) shared_.sessions.input(id_, *event);
  } else if (datagram->kind == wire::DatagramKind::feedback) {
    if (const auto feedback = wire::Feedback::decode(datagram->payload))
      shared_.sessions.feedback(id_, *feedback);
  }
}

void HostConnection::on_path_changed(const SocketAddress& remote) {
  if (path_) path_->set({shared_.quic.local_address(id_).value_or(SocketAddress{}), remote});
}

void HostConnection::on_closed(const control::CloseInfo& info) {
  shared_.approvals.leave(id_);
  control_.connection_lost();
  if (!session_asked_) return;
  shared_.clients.touch(*peer_.fingerprint, shared_.config.wall_clock() / kNsPerSecond);
  if (gate_.denied() != 0)
    spdlog::info("{} inputs of the session were dropped, because the device's rights do not allow them.",
                 gate_.denied());
  shared_.sessions.session_ended(id_, is_for_good(info), info.reason);
  if (shared_.config.events != nullptr) shared_.config.events->session_over(id_, info.reason);
}

void HostConnection::accept(const SessionAnswer& answer, TimePoint now) {
  if (!control_.has_session() || grant_) return;
  wire::ServerHello hello;
  hello.session_id = shared_.random.bytes<16>();
  grant_.emplace();
  grant_->session_id = hello.session_id;
  grant_->clock = media::SessionClock(now, shared_.config.wall_clock());
  hello.clock_origin_ns = grant_->clock.origin_unix_ns();
  hello.suite = wire::kSuiteAes128Gcm;
  hello.features.set(wire::kHostExtension);
  hello.features.set(wire::kHostMarksRepeats);
  if (asked_.features.has(wire::kStreamConfig)) hello.features.set(wire::kStreamConfig);
  hello.grants = gate_.grants();
  if (const control::Device* known = device()) hello.expires_in_seconds = seconds_left(*known);
  if (asked_.probe_only || asked_.features.has(wire::kClientProbeIndexSpace))
    hello.features.set(wire::kHostRamp);
  hello.mode = answer.mode;
  hello.fec_scheme = wire::kFecGf16;
  hello.fec_percent = shared_.config.fec_percent;
  hello.max_data_per_block = kMaxDataPerBlock;
  const MediaPath::Addresses path{shared_.quic.local_address(id_).value_or(SocketAddress{}),
                                  shared_.quic.remote_address(id_).value_or(peer_.address)};
  hello.shard_payload = shard_for(shared_.config, path.local, path.remote);
  if (asked_.max_shard_payload != 0) {
    hello.shard_payload = std::min<std::uint16_t>(hello.shard_payload,
                                                  static_cast<std::uint16_t>(asked_.max_shard_payload & ~1u));
  }
  hello.frames = answer.frame_limit;
  hello.compositor = answer.compositor;
  if (shared_.config.management_port) hello.management_port = shared_.config.management_port();
  hello.bitrate_kbps = answer.bitrate_kbps;
  hello.codec = answer.video_codec;

  Secret<32> exporter;
  if (hello.shard_payload < wire::kMinShard ||
      !export_media_secret(shared_.quic, id_, hello.session_id, exporter)) {
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

void HostConnection::write(ByteView bytes) {
  // It waits for the operator, proves a PIN or has a session. Until then it may have to make room for others.
  shared_.quic.keep(id_);
  // False means the queue bound was passed; QUIC then closes the connection by itself.
  (void)shared_.quic.write_stream(id_, kControlStream, bytes);
}

void HostConnection::close(CloseCode code, std::string_view reason) {
  if (code == CloseCode::approval_timed_out) {
    shared_.approvals.stop_waiting(id_);
  } else {
    shared_.approvals.leave(id_);
  }
  access_check_.reset();
  shared_.quic.close(id_, static_cast<std::uint64_t>(code), reason);
}

void HostConnection::pairing_failed(std::optional<CloseCode> code) {
  // Refusals are not told here: they cost nothing, so anybody could fill the log with them.
  if (!code)
    spdlog::warn("A device at {} ({}) did not prove that it knows the PIN, which is used up now.",
                 peer_.address.ip(), control::fingerprint_hex(*peer_.fingerprint).substr(0, 12));
  if (shared_.config.events != nullptr) shared_.config.events->pairing_failed(code);
}

bool HostConnection::is_paired(const crypto::Digest& fingerprint) {
  return shared_.clients.contains(fingerprint);
}

bool HostConnection::store_pairing(const crypto::Digest& fingerprint, const std::string& name,
                                   const std::optional<access::Offer>& rights) {
  const auto stored = shared_.node.trust(fingerprint, name, rights, control::PairedBy::pin);
  if (!stored) spdlog::error("{}", stored.error().message);
  return stored.has_value();
}

std::variant<HostConnection::Parked, HostConnection::Admitted, HostConnection::Refusal> HostConnection::knock(
    const wire::ClientHello& hello) {
  if (shared_.node.trust_first_use(*peer_.fingerprint, hello.name, peer_.address)) return Admitted{};
  if (!shared_.config.approval) {
    return Refusal{CloseCode::pairing_not_armed,
                   "This device is not paired with the host; pair it with a PIN first."};
  }
  const auto answer =
      shared_.approvals.knock(id_, *peer_.fingerprint, hello.name, peer_.address, shared_.node.now());
  if (const auto* code = std::get_if<CloseCode>(&answer)) {
    return Refusal{*code, *code == CloseCode::busy
                              ? "Too many devices ask this host to be let in; try again later."
                              : "This device is not paired with the host, and from outside its local "
                                "networks only a PIN lets it in."};
  }
  shared_.node.parked(std::get<control::ApprovalDesk::Parked>(answer));
  return Parked{};
}

std::optional<HostConnection::Refusal> HostConnection::barred(const wire::ClientHello& hello) {
  const control::Device* known = device();
  if (known == nullptr) return Refusal{CloseCode::denied, wire::describe(CloseCode::denied)};
  if (shared_.node.is_expired(*known))
    return Refusal{CloseCode::access_expired, wire::describe(CloseCode::access_expired)};
  if (!hello.launch.empty() && !access::allows(known->rights.grants, wire::kGrantLaunch))
    return Refusal{CloseCode::launch_not_permitted, wire::describe(CloseCode::launch_not_permitted)};
  return std::nullopt;
}

const control::Device* HostConnection::device() const { return shared_.clients.find(*peer_.fingerprint); }

std::uint32_t HostConnection::seconds_left(const control::Device& device) const {
  if (device.rights.lasts != access::Lasts::until) return 0;
  const std::uint64_t now_s = shared_.config.wall_clock() / kNsPerSecond;
  // 0 would say that there is no end.
  if (device.rights.until_unix_s <= now_s) return 1;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(device.rights.until_unix_s - now_s, ~std::uint32_t{0}));
}

void HostConnection::check_access() {
  const control::Device* known = device();
  if (known == nullptr) return end(CloseCode::denied, "The operator unpaired this device from the host.");
  if (shared_.node.is_expired(*known))
    return end(CloseCode::access_expired, wire::describe(CloseCode::access_expired));
  const std::uint64_t wall_ns = shared_.config.wall_clock();
  shared_.clients.touch(known->fingerprint, wall_ns / kNsPerSecond);
  Duration wait = std::chrono::seconds(kAccessCheckSeconds);
  if (known->rights.lasts == access::Lasts::until) {
    const std::uint64_t until_s = known->rights.until_unix_s;
    // A far end would not fit a Duration.
    if (until_s - wall_ns / kNsPerSecond <= kAccessCheckSeconds)
      wait = std::chrono::nanoseconds(until_s * kNsPerSecond - wall_ns);
  }
  access_check_ = shared_.node.now() + wait;
}

void HostConnection::rights_changed() {
  const control::Device* known = session_asked_ && access_check_ ? device() : nullptr;
  if (known == nullptr) return;
  const std::uint32_t lost = gate_.grants() & ~known->rights.grants;
  gate_.set(known->rights.grants);
  shared_.sessions.rights_changed(id_, gate_.grants(), lost);
  check_access();
  if (access_check_) control_.send_access({gate_.grants(), seconds_left(*known)});
}

std::optional<TimePoint> HostConnection::next_deadline() const {
  const auto control = control_.next_deadline();
  if (!access_check_ || (control && *control < *access_check_)) return control;
  return access_check_;
}

void HostConnection::handle_deadline(TimePoint now) {
  control_.handle_deadline(now);
  if (access_check_ && now >= *access_check_) check_access();
}

void HostConnection::session_requested(const wire::ClientHello& hello) {
  shared_.quic.keep(id_);
  const control::Device* known = device();
  if (known == nullptr) return control_.refuse(CloseCode::denied, wire::describe(CloseCode::denied));
  asked_ = hello;
  session_asked_ = true;
  gate_.set(known->rights.grants);
  check_access();
  SessionRequest request;
  request.id = id_;
  request.hello = hello;
  request.fingerprint = *peer_.fingerprint;
  request.device_name = known->name;
  request.remote = peer_.address;
  request.grants = gate_.grants();
  shared_.sessions.session_requested(request);
}

std::optional<wire::BitrateChanged> HostConnection::bitrate_asked(std::uint32_t kbps) {
  return shared_.sessions.bitrate_asked(id_, kbps);
}

bool HostConnection::reconfigure_asked(const wire::Mode& mode) {
  return shared_.sessions.reconfigure_asked(id_, mode);
}

bool HostConnection::probe_asked(const wire::ProbeRequest& request) {
  return shared_.sessions.probe_asked(id_, request);
}

bool HostConnection::is_starting() { return shared_.sessions.is_starting(id_, shared_.node.now()); }

void HostConnection::session_ready() {
  shared_.sessions.session_started(id_, *grant_);
  const control::Device* known = device();
  if (shared_.config.events != nullptr && known != nullptr)
    shared_.config.events->session_began(id_, *known, control_.config().mode);
}

std::uint64_t HostConnection::session_time_ns(TimePoint at) { return grant_ ? grant_->clock.unix_ns(at) : 0; }

}  // namespace punktfunk::endpoint
