// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/client_node.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "core/crypto/media_keys.h"
#include "core/session/grants.h"
#include "core/wire/datagram.h"
#include "core/wire/demux.h"
#include "core/wire/features.h"
#include "core/wire/limits.h"
#include "endpoint/control_stream.h"
#include "endpoint/media_exporter.h"

namespace punktfunk::endpoint {

using control::CloseKind;
using control::ConnectionId;
using control::StreamId;
using wire::CloseCode;

ClientNode::ClientNode(const control::Identity* identity, RandomSource& random, ClientEvents& events)
    : identity_(identity), random_(random), events_(events), control_(*this) {}

ClientNode::~ClientNode() { explicit_bzero(pairing_pin_.data(), pairing_pin_.size()); }

Result<std::unique_ptr<ClientNode>> ClientNode::create(const control::QuicConfig& quic,
                                                       const control::Identity* identity,
                                                       RandomSource& random, ClientEvents& events) {
  std::unique_ptr<ClientNode> node(new ClientNode(identity, random, events));
  control::QuicConfig config = quic;
  config.handshake_timeout = kDialAttempt;
  auto endpoint = control::QuicEndpoint::make_client(config, identity, random, *node);
  if (!endpoint) return tl::unexpected(endpoint.error());
  node->quic_ = std::move(*endpoint);
  return node;
}

void ClientNode::connect(const ConnectOptions& options, const wire::ClientHello& hello, TimePoint now) {
  options_ = options;
  hello_ = hello;
  hello_->abr_features |= wire::kReadsBitrateReason;
  give_up_at_ = now + options.budget;
  dial_until_ = now + std::max(options.budget - kDialReserve, Duration::zero());
  dial(now);
}

void ClientNode::pair(const ConnectOptions& options, std::string device_name, std::string pin,
                      TimePoint now) {
  options_ = options;
  device_name_ = std::move(device_name);
  pairing_pin_ = std::move(pin);
  give_up_at_ = now + options.budget;
  dial_until_ = now + std::max(options.budget - kDialReserve, Duration::zero());
  dial(now);
}

void ClientNode::dial(TimePoint now) {
  const auto id = quic_->connect(options_.local, options_.host, options_.pin, now);
  if (!id) return end(EndKind::protocol_error, CloseCode::error, id.error().message);
  connection_ = *id;
}

void ClientNode::receive(const SocketAddress& local, const SocketAddress& remote, MutableBytes datagram,
                         std::uint8_t ecn, TimePoint now) {
  now_ = now;
  if (datagram.empty()) return;
  if (wire::classify(datagram[0]) == wire::DatagramClass::quic) {
    quic_->receive(local, remote, datagram, ecn, now);
    return;
  }
  if (!takes_media_from(remote)) {
    ++foreign_media_;
    return;
  }
  media_batch_.push_back(datagram);
  receive_media();
}

void ClientNode::receive_batch(const SocketAddress& local, std::span<const ReceivedDatagram> datagrams,
                               TimePoint now) {
  now_ = now;
  for (const ReceivedDatagram& datagram : datagrams) {
    const MutableBytes bytes = datagram.bytes;
    if (!bytes.empty() && wire::classify(bytes[0]) == wire::DatagramClass::media &&
        takes_media_from(*datagram.remote)) {
      media_batch_.push_back(bytes);
      if (media_batch_.size() == kMediaBatch) receive_media();
      continue;
    }
    // It may open or end the session: what came before it goes first.
    receive_media();
    receive(local, *datagram.remote, bytes, datagram.ecn, now);
  }
  receive_media();
}

// Section 2.1: media is taken only from exactly the host's address.
bool ClientNode::takes_media_from(const SocketAddress& remote) const {
  return receiver_ && !ended_ && remote == options_.host;
}

void ClientNode::receive_media() {
  if (media_batch_.empty()) return;
  (void)receiver_->receive_batch(media_batch_, now_);
  media_batch_.clear();
  if (receiver_->has_frame()) drain_frames(now_);
  // Asking as soon as a hole is likely to stay, instead of when it is given up, heals the picture about 100
  // ms earlier.
  losses_->look(*receiver_, now_);
}

void ClientNode::drain_frames(TimePoint now) {
  while (auto frame = losses_->poll(*receiver_, now)) {
    if (epochs_->on_frame(frame->epoch) == media::EpochGate::Frame::past) {
      ++past_epoch_frames_;
      receiver_->recycle(std::move(frame->au));
      continue;
    }
    if (ramp_) ramp_->on_frame(now);
    events_.on_frame(std::move(*frame));
  }
}

std::optional<TimePoint> ClientNode::next_deadline() const {
  std::optional<TimePoint> next = quic_->next_deadline();
  const auto consider = [&next](std::optional<TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (ended_) return next;
  consider(give_up_at_);
  consider(control_.next_deadline());
  if (receiver_) {
    consider(receiver_->next_deadline());
    consider(receiver_->probe().next_deadline());
    consider(window_->due());
    consider(losses_->next_deadline());
    if (rate_control_) consider(rate_control_->next_deadline());
  }
  return next;
}

void ClientNode::handle_deadline(TimePoint now) {
  now_ = now;
  quic_->handle_deadline(now);
  if (ended_) return;
  control_.handle_deadline(now);
  if (receiver_) {
    drain_frames(now);
    losses_->look(*receiver_, now);
    if (rate_control_) run_rate_control(now);
    finish_probe(now);
    send_feedback_if_due(now);
  }
  if (give_up_at_ && now >= *give_up_at_) {
    give_up_at_.reset();
    local_end_ =
        ClientEnd{EndKind::timed_out, CloseCode::error,
                  "The host at " + options_.host.to_string() +
                      " did not answer in time; check that it runs there and that this UDP port is open."};
    if (connection_)
      quic_->close(*connection_, static_cast<std::uint64_t>(CloseCode::user_quit), "gave up waiting");
    end(local_end_->kind, local_end_->code, local_end_->message);
  }
}

void ClientNode::send_feedback_if_due(TimePoint now) {
  std::optional<Duration> rtt;
  if (control_.clock() && control_.clock()->estimate()) rtt = Duration(control_.clock()->estimate()->rtt_ns);
  losses_->set_path(rtt, rate_control_ ? rate_control_->queue() : Duration::zero());
  const bool window_closed = window_->update(receiver_->stats(), local_drops_, now);
  bool sent = false;
  for (; auto feedback = losses_->next(now); sent = true) send_feedback(std::move(*feedback));
  if (!window_closed || sent) return;
  wire::Feedback feedback;
  losses_->write(feedback);
  send_feedback(std::move(feedback));
}

// Every datagram repeats the last window and the levels.
void ClientNode::send_feedback(wire::Feedback feedback) {
  window_->write(feedback);
  if (rate_control_) feedback.link_kbps = rate_control_->link_kbps();
  // Unreliable by design: the next one repeats everything that still matters.
  (void)quic_->send_datagram(*connection_,
                             wire::make_datagram(wire::DatagramKind::feedback, feedback.encode()));
}

void ClientNode::take_arrivals() {
  while (const auto arrival = receiver_->poll_arrival()) rate_control_->on_arrival(*arrival);
}

void ClientNode::run_rate_control(TimePoint now) {
  take_arrivals();
  const auto asked = rate_control_->update(receiver_->stats(), now);
  if (!asked) return;
  ++rate_asks_;
  rate_ = *asked;
  control_.ask_bitrate(static_cast<std::uint32_t>(asked->kbps()));
}

void ClientNode::ask_probe(const wire::ProbeRequest& request, TimePoint now) {
  if (!receiver_ || ended_) return;
  if (ramp_) {
    ramp_->stop();
    if (!probe_wanted_) probe_wanted_ = request;
    return;
  }
  if (!receiver_->probe().is_running()) start_probe(request, now);
}

void ClientNode::start_probe(const wire::ProbeRequest& request, TimePoint now) {
  receiver_->probe().start(request, now);
  control_.ask_probe(request);
}

void ClientNode::go_on_with_ramp(TimePoint now) {
  if (const auto step = ramp_->next(now)) return start_probe(*step, now);
  if (const auto link = ramp_->link()) {
    rate_control_->on_found_narrow(*link, now);
  } else {
    rate_control_->on_proven(ramp_->proven(), now);
  }
  ramp_.reset();
  run_rate_control(now);
  if (const auto wanted = std::exchange(probe_wanted_, std::nullopt)) start_probe(*wanted, now);
}

void ClientNode::probe_result(const wire::ProbeResult& result, TimePoint now) {
  receiver_->probe().on_result(result, now);
  finish_probe(now);
}

void ClientNode::access_changed(const wire::AccessUpdate& update) {
  grants_ = update.grants;
  events_.on_access(update);
}

void ClientNode::finish_probe(TimePoint now) {
  const auto figures = receiver_->probe().poll(now);
  if (!figures) return;
  if (!ramp_) return events_.on_probe(*figures);
  ramp_->on_step(*figures);
  go_on_with_ramp(now);
}

void ClientNode::bitrate_changed(const wire::BitrateChanged& changed, TimePoint now) {
  rate_reason_ = changed.reason;
  if (!rate_control_) {
    rate_ = BitRate::from_kbps(changed.bitrate_kbps);
    return;
  }
  rate_control_->on_bitrate_changed(changed, now);
  rate_ = rate_control_->rate();
}

void ClientNode::pipeline_gap(TimePoint now) {
  ++host_gaps_;
  if (rate_control_) rate_control_->on_pipeline_gap(now);
}

bool ClientNode::poll_transmit(control::Transmit& out, TimePoint now) {
  now_ = now;
  return quic_->poll_transmit(out, now);
}

void ClientNode::send_input(const wire::InputEvent& event) {
  if (!receiver_ || ended_ || !access::allows(grants_, access::needed(event.kind))) return;
  const auto bytes = event.encode();
  (void)quic_->send_datagram(*connection_, wire::make_datagram(wire::DatagramKind::input_state, bytes));
}

void ClientNode::on_undecodable(std::optional<std::uint32_t> index, TimePoint now) {
  if (losses_) losses_->on_undecodable(index, now);
}

void ClientNode::on_clean(std::uint32_t index) {
  if (losses_) losses_->on_clean(index);
}

void ClientNode::recycle(Bytes&& buffer, Duration decode_time) {
  if (receiver_) receiver_->recycle(std::move(buffer));
  if (rate_control_ && decode_time > Duration::zero()) rate_control_->on_decoded(decode_time);
}

void ClientNode::close(CloseCode code, std::string_view reason) {
  if (ended_ || !connection_) return;
  if (!local_end_) {
    const bool intended = code == CloseCode::done || code == CloseCode::user_quit;
    local_end_ = ClientEnd{intended ? EndKind::finished : EndKind::protocol_error, code, std::string(reason)};
  }
  quic_->close(*connection_, static_cast<std::uint64_t>(code), reason);
}

ClientNode::Stats ClientNode::stats() const {
  Stats stats;
  if (receiver_) {
    stats.media = receiver_->stats();
    stats.keyframe_asks = losses_->recovery().asks_opened();
    stats.invalidations = losses_->recovery().invalidations();
    stats.shards_asked_again = losses_->resends().shards_asked();
    stats.frames_healed = losses_->resends().frames_healed();
    stats.past_epoch_frames = past_epoch_frames_;
    stats.host_gaps = host_gaps_;
    stats.rate = rate_;
    stats.rate_asks = rate_asks_;
    stats.rate_reason = rate_reason_;
    if (rate_control_) stats.rate_cause = rate_control_->cause();
  }
  stats.foreign_media = foreign_media_;
  if (connection_) {
    if (const auto quic = quic_->stats(*connection_)) stats.quic_rtt = quic->smoothed_rtt;
  }
  return stats;
}

std::optional<std::int64_t> ClientNode::host_clock_ns(TimePoint at) const {
  return control_.clock() ? control_.clock()->host_ns(at) : std::nullopt;
}

void ClientNode::end(EndKind kind, CloseCode code, std::string message) {
  if (ended_) return;
  ended_ = true;
  give_up_at_.reset();
  ClientEnd end{kind, code, std::move(message)};
  if (host_fingerprint_ != control::Fingerprint{}) end.host = host_fingerprint_;
  events_.on_ended(end);
}

void ClientNode::on_handshake_done(ConnectionId id, const control::PeerInfo& peer) {
  if (!peer.fingerprint) return close(CloseCode::error, "The host showed no certificate.");
  host_fingerprint_ = *peer.fingerprint;
  const auto stream = quic_->open_stream(id);
  if (stream != kControlStream) return close(CloseCode::error, "The host admits no control stream.");
  if (hello_) return control_.start_session(*hello_, now_);
  if (identity_ == nullptr) return close(CloseCode::error, "Pairing needs a certificate of this device.");
  give_up_at_.reset();  // from here on ClientControl bounds every wait
  control_.start_pairing({device_name_, identity_->fingerprint(), host_fingerprint_}, as_bytes(pairing_pin_),
                         random_, now_);
  explicit_bzero(pairing_pin_.data(), pairing_pin_.size());
  pairing_pin_.clear();
}

void ClientNode::on_stream_opened(ConnectionId id, StreamId stream, bool) {
  quic_->reset_stream(id, stream, kUnknownStreamType);  // hosts open none that this client serves
}

void ClientNode::on_stream_data(ConnectionId, StreamId stream, ByteView data, bool fin) {
  // A stream opened by the client has no type in the host's direction (section 5.4).
  if (stream == kControlStream) control_.on_stream_data(data, fin, now_);
}

void ClientNode::on_stream_reset(ConnectionId, StreamId stream, std::uint64_t) {
  if (stream == kControlStream) close(CloseCode::error, "The host reset the control stream.");
}

void ClientNode::on_datagram(ConnectionId, ByteView data) {
  const auto datagram = wire::parse_datagram(data);
  if (!datagram || !receiver_ || ended_) return;
  if (datagram->kind == wire::DatagramKind::host_timing) {
    const auto timing = wire::HostTiming::decode(datagram->payload);
    if (!timing) return;
    if (rate_control_) {
      take_arrivals();  // this one's frame among them
      rate_control_->on_host_timing(*timing);
    }
    events_.on_host_timing(*timing);
  } else if (datagram->kind == wire::DatagramKind::audio) {
    // The other formats go only to clients that ask for them.
    auto packet = wire::AudioPacket::decode(datagram->payload);
    if (packet && packet->format == wire::kOpusByte) events_.on_audio(std::move(*packet));
  }
}

void ClientNode::on_path_changed(ConnectionId, const SocketAddress&) {}

void ClientNode::on_closed(ConnectionId id, const control::CloseInfo& info) {
  if (ended_ || id != connection_) return;
  connection_.reset();
  if (local_end_) return end(local_end_->kind, local_end_->code, local_end_->message);
  const auto code = static_cast<CloseCode>(info.code);
  const std::string host = options_.host.to_string();
  switch (info.kind) {
    case CloseKind::application: {
      // The host's own words where it has some, else the meaning of the code.
      const std::string message = info.reason.empty() ? wire::describe(code) : info.reason;
      const bool is_let_in = code == CloseCode::access_granted && hello_ && hello_->access_only;
      const bool intended = is_let_in || code == CloseCode::done || code == CloseCode::application_ended;
      return end(intended ? EndKind::finished : EndKind::refused, code, message);
    }
    case CloseKind::pin_mismatch:
      return end(EndKind::trust_failed, CloseCode::error,
                 "The identity of the host at " + host +
                     " changed: it is another machine, was reinstalled, or somebody is in between. Pair "
                     "again only if you know why.");
    case CloseKind::tls_alert:
      if (info.tls_alert == control::kTlsAlertNoApplicationProtocol) {
        return end(
            EndKind::refused, CloseCode::wire_generation_not_served,
            "The host at " + host + " speaks another version of the protocol; update the older of the two.");
      }
      return end(EndKind::protocol_error, CloseCode::error,
                 "The encrypted connection to " + host + " failed.");
    case CloseKind::version_mismatch:
      return end(EndKind::refused, CloseCode::wire_generation_not_served,
                 "What answers at " + host + " is no host of this kind.");
    case CloseKind::handshake_timeout:
      if (now_ < dial_until_) return dial(now_);
      return end(
          EndKind::timed_out, CloseCode::error,
          "Nothing answered at " + host + "; check that the host runs there and that this UDP port is open.");
    case CloseKind::idle_timeout:
    case CloseKind::stateless_reset:
      return end(EndKind::connection_lost, CloseCode::error, "The connection to " + host + " was lost.");
    case CloseKind::transport_error:
    case CloseKind::overflow:
    case CloseKind::local:
      return end(EndKind::protocol_error, CloseCode::error, "The connection to " + host + " failed.");
  }
}

void ClientNode::write(ByteView control_bytes) {
  if (connection_) (void)quic_->write_stream(*connection_, kControlStream, control_bytes);
}

void ClientNode::pending() {
  if (give_up_at_ && !receiver_) give_up_at_ = std::max(*give_up_at_, now_ + options_.approval_budget);
  options_.approval_budget =
      Duration::zero();  // the longer wait is granted once, counted from the first Pending
  events_.on_pending();
}

bool ClientNode::session_opened(const wire::ServerHello& hello) {
  Secret<32> exporter;
  if (!export_media_secret(*quic_, *connection_, hello.session_id, exporter)) return false;
  media::MediaParams params;
  params.fec_percent = hello.fec_percent;
  params.max_data_per_block = hello.max_data_per_block;
  params.shard_payload = hello.shard_payload;
  params.max_frame_bytes = wire::max_frame_bytes(hello.bitrate_kbps, hello.mode.refresh_hz);
  receiver_.emplace(crypto::derive_direction_secrets(exporter.view()).host_to_client, params,
                    hello.clock_origin_ns);
  first_mode_ = hello.mode;
  epochs_.emplace(hello.mode);
  window_.emplace(now_);
  losses_.emplace(hello.mode.refresh_hz, options_.takes_anchors);
  rate_ = BitRate::from_kbps(hello.bitrate_kbps);
  if (hello_->bitrate_kbps == 0 && hello.bitrate_kbps != 0 && !hello_->probe_only) {
    // The host chose what the picture deserves; more than that helps nobody.
    media::RateControlConfig config;
    config.start = config.ceiling = rate_;
    config.frame_interval = Duration(std::chrono::seconds(1)) / std::max(1U, hello.mode.refresh_hz);
    rate_control_.emplace(config, now_);
    // The host's bit is for clients that take filler. It begins when the session runs.
    if (hello.features.has(wire::kHostRamp) && hello_->features.has(wire::kClientProbeIndexSpace))
      ramp_.emplace(rate_);
  }
  give_up_at_.reset();
  events_.on_session(hello, host_fingerprint_);
  access_changed({hello.grants, hello.expires_in_seconds});
  return true;
}

void ClientNode::stream_config(const wire::StreamConfig& config) {
  if (rate_control_) {
    // At once: a rate that the host names with it comes next.
    const auto pixels = [](const wire::Mode& of) {
      return static_cast<double>(of.width) * of.height * of.refresh_hz;
    };
    rate_control_->on_picture_changed(pixels(config.mode) / pixels(first_mode_),
                                      Duration(std::chrono::seconds(1)) / config.mode.refresh_hz);
  }
  events_.on_stream_config(config);
  if (ramp_ && !receiver_->probe().is_running()) go_on_with_ramp(now_);
}

void ClientNode::pairing_finished(bool accepted) {
  if (accepted) return events_.on_paired(host_fingerprint_);
  local_end_ = ClientEnd{EndKind::pairing_failed, CloseCode::error,
                         "Pairing failed: the PIN is wrong. The host needs a new PIN for another try."};
}

void ClientNode::refused(std::uint32_t code, std::string_view reason) {
  const auto close_code = static_cast<CloseCode>(code);
  local_end_ = ClientEnd{EndKind::refused, close_code,
                         reason.empty() ? std::string(wire::describe(close_code)) : std::string(reason)};
  close(CloseCode::done, "");
}

}  // namespace punktfunk::endpoint
