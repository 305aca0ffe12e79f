// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/host_control.h"

#include <string.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/text.h"
#include "core/wire/features.h"
#include "core/wire/pairing_messages.h"

namespace punktfunk::control {

using wire::CloseCode;
using wire::FrameType;

namespace {

// Client to host, and meaningful only at its place in the handshake.
bool is_handshake_frame(const wire::Frame& frame) {
  return frame.is(FrameType::client_hello) || frame.is(FrameType::ready) ||
         frame.is(FrameType::pair_request) || frame.is(FrameType::pair_proof);
}

}  // namespace

HostControl::HostControl(Peer peer, const crypto::Digest& host_fingerprint, PairingDesk& desk,
                         Surroundings& surroundings, RandomSource& random, TimePoint now)
    : peer_(std::move(peer)),
      host_fingerprint_(host_fingerprint),
      desk_(desk),
      surroundings_(surroundings),
      random_(random),
      deadline_(now + kHandshakeWait) {}

void HostControl::on_stream_data(ByteView bytes, bool fin, TimePoint now) {
  if (state_ == State::await_stream) {
    state_ = State::await_first_frame;
    deadline_ = now + kHandshakeWait;
  }
  parser_.push(bytes);
  wire::Frame frame;
  while (state_ != State::closed) {
    const auto status = parser_.next(frame);
    if (status == wire::FrameParser::Status::need_more) break;
    if (status == wire::FrameParser::Status::too_long) {
      close(CloseCode::error, "A control message was longer than its type allows.");
      return;
    }
    on_frame(frame, now);
  }
  if (fin && state_ != State::closed && state_ != State::paired) {
    close(CloseCode::error, "The control stream ended before the session did.");
  }
}

void HostControl::on_frame(const wire::Frame& frame, TimePoint now) {
  switch (state_) {
    case State::await_first_frame:
      return on_first_frame(frame, now);
    case State::await_proof:
      if (frame.is(FrameType::pair_proof)) return on_pair_proof(frame, now);
      if (is_handshake_frame(frame)) close(CloseCode::error, "Pairing expected the client's proof.");
      return;
    case State::parked:
    case State::deciding:
    case State::await_ready:
    case State::running:
      return on_session_frame(frame, now);
    case State::await_stream:
    case State::paired:
    case State::closed:
      return;
  }
}

void HostControl::on_first_frame(const wire::Frame& frame, TimePoint now) {
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::client_hello:
      return on_client_hello(frame, now);
    case FrameType::pair_request:
      return on_pair_request(frame, now);
    default:
      if (is_handshake_frame(frame)) close(CloseCode::error, "The client did not begin with a hello.");
      return;  // anything else is skipped; the deadline for the first frame still runs
  }
}

void HostControl::on_client_hello(const wire::Frame& frame, TimePoint now) {
  const auto hello = wire::ClientHello::decode(frame.body);
  if (!hello) return close(CloseCode::error, "The client's hello is malformed.");
  if (!peer_.fingerprint) {
    return close(CloseCode::client_certificate_needed, "This host admits only clients with a certificate.");
  }
  if (surroundings_.is_paired(*peer_.fingerprint)) return request_session(*hello, now);
  const auto answer = surroundings_.knock(*hello);
  if (const auto* refusal = std::get_if<Surroundings::Refusal>(&answer))
    return close(refusal->code, refusal->reason);
  if (std::holds_alternative<Surroundings::Admitted>(answer)) return request_session(*hello, now);
  state_ = State::parked;
  parked_hello_ = *hello;
  approval_until_ = now + kApprovalWindow;
  deadline_ = now + kPendingEvery;
  send(FrameType::pending, {});
}

void HostControl::admit(TimePoint now) {
  if (state_ != State::parked) return;
  const wire::ClientHello hello = std::move(*parked_hello_);
  parked_hello_.reset();
  request_session(hello, now);
}

void HostControl::turn_away(CloseCode code, std::string_view reason) {
  if (state_ == State::parked) close(code, reason);
}

void HostControl::request_session(const wire::ClientHello& hello, TimePoint now) {
  if (const auto refusal = surroundings_.barred(hello)) return close(refusal->code, refusal->reason);
  if (hello.access_only) return close(CloseCode::access_granted, wire::describe(CloseCode::access_granted));
  is_pinned_ = hello.bitrate_kbps != 0;
  reads_reasons_ = (hello.abr_features & wire::kReadsBitrateReason) != 0;
  takes_filler_ = hello.features.has(wire::kClientProbeIndexSpace);
  is_probe_only_ = hello.probe_only;
  state_ = State::deciding;
  deadline_ = now + kFirstPending;
  surroundings_.session_requested(hello);
}

void HostControl::accept(const wire::ServerHello& hello, const wire::StreamConfig& config, TimePoint now) {
  if (state_ != State::deciding) return;
  state_ = State::await_ready;
  deadline_ = now + kHandshakeWait;
  config_ = config;
  promised_mode_ = config.mode;
  ties_modes_ = hello.features.has(wire::kStreamConfig);
  bitrate_kbps_ = hello.bitrate_kbps;
  send(FrameType::server_hello, hello.encode());
}

void HostControl::refuse(CloseCode code, std::string_view reason) {
  if (state_ == State::deciding) close(code, reason);
}

void HostControl::on_pair_request(const wire::Frame& frame, TimePoint now) {
  const auto request = wire::PairRequest::decode(frame.body);
  if (!request) return close(CloseCode::error, "The pairing request is malformed.");
  if (!peer_.fingerprint)
    return close(CloseCode::client_certificate_needed, "Pairing needs a client certificate.");
  auto attempt = desk_.take(*peer_.fingerprint, peer_.address, now);
  if (const auto* code = std::get_if<CloseCode>(&attempt)) {
    surroundings_.pairing_failed(*code);
    return close(*code, wire::describe(*code));
  }
  std::string& pin = std::get<PairingDesk::Attempt>(attempt).pin;
  pairing_rights_ = std::get<PairingDesk::Attempt>(attempt).rights;
  const crypto::Spake2 exchange(crypto::Spake2::Role::host, as_bytes(pin), *peer_.fingerprint,
                                host_fingerprint_, random_);
  explicit_bzero(pin.data(), pin.size());
  pairing_key_ = exchange.finish(request->spake_a);
  if (!pairing_key_) {
    surroundings_.pairing_failed(std::nullopt);
    return close(CloseCode::error, "The pairing request carries an impossible value.");
  }
  pairing_name_ = clean_text(request->name, 64);
  wire::PairChallenge challenge;
  std::copy(exchange.message().begin(), exchange.message().end(), challenge.spake_b.begin());
  challenge.host_confirm = crypto::confirm_host(*pairing_key_, *peer_.fingerprint, host_fingerprint_);
  state_ = State::await_proof;
  deadline_ = now + kPairingWait;
  send(FrameType::pair_challenge, challenge.encode());
}

void HostControl::on_pair_proof(const wire::Frame& frame, TimePoint now) {
  const auto proof = wire::PairProof::decode(frame.body);
  if (!proof) return close(CloseCode::error, "The pairing proof is malformed.");
  const auto expected = crypto::confirm_client(*pairing_key_, *peer_.fingerprint, host_fingerprint_);
  pairing_key_.reset();
  // Stored last, and only after the proof held.
  const bool is_proved = equal_constant_time(expected, proof->client_confirm);
  if (!is_proved) surroundings_.pairing_failed(std::nullopt);
  const bool ok =
      is_proved && surroundings_.store_pairing(*peer_.fingerprint, pairing_name_, pairing_rights_);
  state_ = State::paired;
  deadline_ = now + kPairedLinger;
  wire::PairResult result;
  result.ok = ok;
  send(FrameType::pair_result, result.encode());
}

void HostControl::on_session_frame(const wire::Frame& frame, TimePoint now) {
  const std::uint32_t needed = access::needed(frame);
  if (needed == access::kNever) return;  // skipped: not known here, or not a client's to send
  if (needed != access::kFree && (state_ != State::running || !surroundings_.permits(needed))) return;
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::ready:
      if (state_ != State::await_ready) return close(CloseCode::error, "Ready came out of turn.");
      state_ = State::running;
      deadline_.reset();
      if (is_probe_only_) deadline_ = now + kProbeOnlyTime;
      send(FrameType::stream_config, config_.encode());
      if (access_update_) send(FrameType::access_update, std::exchange(access_update_, {})->encode());
      surroundings_.session_ready();
      return;
    case FrameType::clock_probe: {
      const auto probe = wire::ClockProbe::decode(frame.body);
      if (!probe) return close(CloseCode::error, "A clock probe is malformed.");
      if (state_ != State::running) return;
      wire::ClockEcho echo;
      echo.t1_ns = probe->t1_ns;
      // Received and answered within one turn of the loop: both stamps are the instant of reading.
      echo.t2_ns = echo.t3_ns = surroundings_.session_time_ns(now);
      send(FrameType::clock_echo, echo.encode());
      return;
    }
    case FrameType::set_bitrate: {
      const auto asked = wire::SetBitrate::decode(frame.body);
      if (!asked) return close(CloseCode::error, "A bitrate request is malformed.");
      if (state_ != State::running) return;
      if (is_pinned_) return send_bitrate({bitrate_kbps_, wire::BitrateReason::pinned});
      const auto answer = surroundings_.bitrate_asked(asked->bitrate_kbps);
      return send_bitrate(answer.value_or(wire::BitrateChanged{bitrate_kbps_, wire::BitrateReason::pinned}));
    }
    case FrameType::probe_request:
      return on_probe_request(frame, now);
    case FrameType::reconfigure:
      return on_reconfigure(frame, now);
    default:
      if (is_handshake_frame(frame)) close(CloseCode::error, "A message of the handshake came again.");
      return;  // unknown types, and optional ones this host did not offer, are skipped
  }
}

void HostControl::on_probe_request(const wire::Frame& frame, TimePoint now) {
  const auto asked = wire::ProbeRequest::decode(frame.body);
  if (!asked) return close(CloseCode::error, "A probe request is malformed.");
  if (state_ != State::running) return;
  const bool serves_ramp =
      is_probe_only_ || (ramp_steps_ < media::ProbeGate::kMostRampSteps && surroundings_.is_starting());
  const auto admitted = takes_filler_ ? probes_.admit(*asked, serves_ramp, now) : std::nullopt;
  if (admitted && admitted->duration_ms <= media::ProbeGate::kMaxStepMs) ++ramp_steps_;
  if (is_probe_only_ && probes_.is_spent())
    return close(CloseCode::done, "The speed test used up the 2 GiB it may send.");
  if (admitted && surroundings_.probe_asked(*admitted)) return;
  if (admitted) probes_.finished();
  send(FrameType::probe_result, wire::ProbeResult{}.encode());
}

void HostControl::on_reconfigure(const wire::Frame& frame, TimePoint now) {
  const auto asked = wire::Reconfigure::decode(frame.body);
  if (!asked) return close(CloseCode::error, "A mode request is malformed.");
  if (state_ != State::running) return;
  wire::Reconfigured answer;
  const bool is_early = reconfigured_at_ && now - *reconfigured_at_ < kReconfigureSpacing;
  answer.accepted = !is_early && surroundings_.reconfigure_asked(asked->mode);
  if (answer.accepted) {
    promised_mode_ = asked->mode;
    reconfigured_at_ = now;
  }
  answer.mode = promised_mode_;
  send(FrameType::reconfigured, answer.encode());
}

void HostControl::begin_epoch(std::uint8_t epoch, const wire::Mode& mode) {
  config_.epoch = epoch;
  config_.mode = mode;
  if (state_ != State::running) return;
  send(FrameType::stream_config, config_.encode());
  if (mode == promised_mode_) return;
  promised_mode_ = mode;
  if (!ties_modes_) send(FrameType::reconfigured, wire::Reconfigured{false, mode}.encode());
}

void HostControl::send_gap(std::uint32_t gap_ms) {
  if (state_ == State::running) send(FrameType::pipeline_gap, wire::PipelineGap{gap_ms}.encode());
}

void HostControl::send_probe_result(const wire::ProbeResult& result) {
  if (state_ != State::running) return;
  probes_.finished();
  send(FrameType::probe_result, result.encode());
}

void HostControl::send_access(const wire::AccessUpdate& update) {
  if (state_ == State::await_ready) access_update_ = update;
  if (state_ == State::running) send(FrameType::access_update, update.encode());
}

void HostControl::send_bitrate(const wire::BitrateChanged& changed) {
  if (state_ != State::running) return;
  // A governor's value is a ceiling, not the rate in force.
  if (changed.reason != wire::BitrateReason::governor) bitrate_kbps_ = changed.bitrate_kbps;
  wire::BitrateChanged message = changed;
  if (!reads_reasons_) message.reason.reset();
  send(FrameType::bitrate_changed, message.encode());
}

std::optional<TimePoint> HostControl::next_deadline() const { return deadline_; }

void HostControl::handle_deadline(TimePoint now) {
  if (!deadline_ || now < *deadline_) return;
  switch (state_) {
    case State::await_stream:
    case State::await_first_frame:
      return close(CloseCode::error, "The client did not say hello in time.");
    case State::await_proof:
      return close(CloseCode::error, "The client did not finish pairing in time.");
    case State::await_ready:
      return close(CloseCode::error, "The client did not become ready in time.");
    case State::paired:
      return close(CloseCode::done, "");
    case State::parked:
      if (now >= approval_until_)
        return close(CloseCode::approval_timed_out, wire::describe(CloseCode::approval_timed_out));
      deadline_ = now + kPendingEvery;
      return send(FrameType::pending, {});
    case State::deciding:
      deadline_ = now + kPendingEvery;
      return send(FrameType::pending, {});
    case State::running:
      return close(CloseCode::done, "The minute that a speed test may take is over.");
    case State::closed:
      deadline_.reset();
  }
}

void HostControl::send(FrameType type, ByteView body) {
  Bytes bytes;
  wire::append_frame(bytes, type, body);
  surroundings_.write(bytes);
}

void HostControl::connection_lost() {
  if (state_ == State::await_proof) surroundings_.pairing_failed(std::nullopt);
  state_ = State::closed;
  deadline_.reset();
}

void HostControl::close(CloseCode code, std::string_view reason) {
  // Whoever guesses sees from the challenge that the guess was wrong, and need not say it.
  if (state_ == State::await_proof) surroundings_.pairing_failed(std::nullopt);
  state_ = State::closed;
  deadline_.reset();
  pairing_key_.reset();
  parked_hello_.reset();
  surroundings_.close(code, reason);
}

}  // namespace punktfunk::control
