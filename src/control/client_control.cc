// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/client_control.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/fec/parity.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/varint.h"

namespace punktfunk::control {

using wire::CloseCode;
using wire::FrameType;

namespace {
constexpr std::uint64_t kControlStreamType = 0x00;  // section 5.4
constexpr std::uint32_t kMaxFecPercent = 90;        // section 15

bool is_empty(const wire::Mode& mode) { return mode.width == 0 || mode.height == 0 || mode.refresh_hz == 0; }

}  // namespace

std::optional<std::string> objection_to(const wire::ServerHello& hello, const wire::ClientHello& asked) {
  if (const auto checked = hello.check(); !checked) return checked.error().message;
  if (hello.suite != wire::kSuiteAes128Gcm) {
    return "The host chose an encryption this client does not have; update the older of the two.";
  }
  if (hello.fec_scheme != wire::kFecGf16) {
    return "The host chose a loss protection this client does not have; update the older of the two.";
  }
  // Section 13.2 without its limit: what is asked here is whether the limit would be passed.
  const std::uint32_t k = hello.max_data_per_block;
  const std::uint32_t wanted = hello.fec_percent == 0 ? 0 : std::max(2u, (k * hello.fec_percent + 99) / 100);
  if (hello.fec_percent > kMaxFecPercent || k + wanted > fec::max_block_shards(fec::Scheme::gf16)) {
    return "The host announced an impossible amount of loss protection.";
  }
  const std::uint8_t codecs = asked.video_codecs == 0 ? std::uint8_t{2} : asked.video_codecs;
  if ((hello.codec & codecs) == 0) {
    return "The host chose a video codec this client cannot decode.";
  }
  if (is_empty(hello.mode)) {
    return "The host announced an empty picture.";
  }
  return std::nullopt;
}

void ClientControl::start_session(const wire::ClientHello& hello, TimePoint) {
  asked_ = hello;
  state_ = State::await_server_hello;
  open_with(FrameType::client_hello, hello.encode());
}

void ClientControl::start_pairing(const PairingAs& as, ByteView pin, RandomSource& random, TimePoint now) {
  pairing_as_ = as;
  pairing_.emplace(crypto::Spake2::Role::client, pin, as.own_fingerprint, as.host_fingerprint, random);
  wire::PairRequest request;
  request.name = clean_text(as.name, 64);
  std::copy(pairing_->message().begin(), pairing_->message().end(), request.spake_a.begin());
  state_ = State::await_challenge;
  deadline_ = now + kPairingWait;
  open_with(FrameType::pair_request, request.encode());
}

void ClientControl::on_stream_data(ByteView bytes, bool fin, TimePoint now) {
  if (state_ == State::idle || state_ == State::closed) return;
  parser_.push(bytes);
  wire::Frame frame;
  while (state_ != State::closed) {
    const auto status = parser_.next(frame);
    if (status == wire::FrameParser::Status::need_more) break;
    if (status == wire::FrameParser::Status::too_long) {
      return close(CloseCode::error, "The host sent a control message longer than its type allows.");
    }
    on_frame(frame, now);
  }
  if (fin && state_ != State::closed) close(CloseCode::error, "The host ended the control stream.");
}

void ClientControl::on_frame(const wire::Frame& frame, TimePoint now) {
  const auto type = static_cast<FrameType>(frame.type);
  if (type == FrameType::refused) {
    const auto refused = wire::Refused::decode(frame.body);
    if (!refused) return close(CloseCode::error, "The host's refusal is malformed.");
    // Whatever follows in the stream is not meant for a client that was turned away.
    state_ = State::closed;
    deadline_.reset();
    pairing_.reset();
    return surroundings_.refused(refused->code, clean_text(refused->reason, wire::kMaxRefusedReason));
  }
  switch (state_) {
    case State::await_server_hello:
      // Section 9: before ServerHello everything but Pending, Redirect and Refused is ignored. Redirect
      // belongs to a feature this client does not announce.
      if (type == FrameType::pending) return surroundings_.pending();
      if (type == FrameType::server_hello) return on_server_hello(frame, now);
      return;
    case State::running:
      if (type == FrameType::stream_config) {
        const auto config = wire::StreamConfig::decode(frame.body);
        if (!config || is_empty(config->mode))
          return close(CloseCode::error, "The host's stream description is malformed.");
        return surroundings_.stream_config(*config);
      }
      if (type == FrameType::clock_echo) {
        const auto echo = wire::ClockEcho::decode(frame.body);
        if (!echo) return close(CloseCode::error, "The host's clock answer is malformed.");
        clock_->on_echo(echo->t1_ns, echo->t2_ns, echo->t3_ns, now);
        return send_clock_probes(now);
      }
      if (type == FrameType::reconfigured) {
        const auto answer = wire::Reconfigured::decode(frame.body);
        if (!answer || is_empty(answer->mode))
          return close(CloseCode::error, "The host's word on the mode is malformed.");
        return surroundings_.reconfigured(*answer);
      }
      if (type == FrameType::bitrate_changed) {
        const auto changed = wire::BitrateChanged::decode(frame.body);
        if (!changed) return close(CloseCode::error, "The host's word on the bitrate is malformed.");
        return surroundings_.bitrate_changed(*changed, now);
      }
      if (type == FrameType::pipeline_gap) {
        if (!wire::PipelineGap::decode(frame.body))
          return close(CloseCode::error, "The host's word on a gap is malformed.");
        return surroundings_.pipeline_gap(now);
      }
      if (type == FrameType::access_update) {
        const auto update = wire::AccessUpdate::decode(frame.body);
        if (!update) return close(CloseCode::error, "The host's word on this device's rights is malformed.");
        return surroundings_.access_changed(*update);
      }
      if (type == FrameType::probe_result) {
        const auto result = wire::ProbeResult::decode(frame.body);
        if (!result) return close(CloseCode::error, "The host's word on a probe is malformed.");
        return surroundings_.probe_result(*result, now);
      }
      if (type == FrameType::server_hello) return close(CloseCode::error, "The host said hello twice.");
      return;
    case State::await_challenge:
      if (type == FrameType::pair_challenge) return on_challenge(frame, now);
      return;
    case State::await_result:
      if (type == FrameType::pair_result) {
        const auto result = wire::PairResult::decode(frame.body);
        if (!result) return close(CloseCode::error, "The host's pairing answer is malformed.");
        surroundings_.pairing_finished(result->ok);
        // Section 10.1: success closes with 0, failure with 1.
        close(result->ok ? CloseCode::done : CloseCode::error,
              result->ok ? "" : "The host did not accept the PIN.");
      }
      return;
    case State::idle:
    case State::closed:
      return;
  }
}

void ClientControl::on_server_hello(const wire::Frame& frame, TimePoint now) {
  const auto hello = wire::ServerHello::decode(frame.body);
  if (!hello) return close(CloseCode::error, "The host's answer is malformed.");
  if (const auto objection = objection_to(*hello, asked_)) return close(CloseCode::error, *objection);
  if (!surroundings_.session_opened(*hello)) {
    return close(CloseCode::error, "The keys for this session could not be made.");
  }
  state_ = State::running;
  deadline_.reset();
  send(FrameType::ready, {});
  clock_.emplace(now);
  send_clock_probes(now);
}

void ClientControl::ask_bitrate(std::uint32_t kbps) {
  if (state_ != State::running) return;
  wire::SetBitrate ask;
  ask.bitrate_kbps = kbps;
  send(FrameType::set_bitrate, ask.encode());
}

void ClientControl::ask_mode(const wire::Mode& mode) {
  if (state_ == State::running) send(FrameType::reconfigure, wire::Reconfigure{mode}.encode());
}

void ClientControl::ask_probe(const wire::ProbeRequest& request) {
  if (state_ == State::running) send(FrameType::probe_request, request.encode());
}

void ClientControl::send_clock_probes(TimePoint now) {
  while (const auto t1 = clock_->next_probe(now)) {
    wire::ClockProbe probe;
    probe.t1_ns = *t1;
    send(FrameType::clock_probe, probe.encode());
  }
}

void ClientControl::on_challenge(const wire::Frame& frame, TimePoint now) {
  const auto challenge = wire::PairChallenge::decode(frame.body);
  if (!challenge) return close(CloseCode::error, "The host's pairing challenge is malformed.");
  const auto key = pairing_->finish(challenge->spake_b);
  pairing_.reset();
  if (!key) return close(CloseCode::error, "The host's pairing challenge carries an impossible value.");
  const auto expected = crypto::confirm_host(*key, pairing_as_.own_fingerprint, pairing_as_.host_fingerprint);
  if (!equal_constant_time(expected, challenge->host_confirm)) {
    // A wrong PIN, or somebody between the two: this end learns it first. The host hears only that pairing
    // failed.
    surroundings_.pairing_finished(false);
    return close(CloseCode::error, "The PIN is wrong.");
  }
  wire::PairProof proof;
  proof.client_confirm =
      crypto::confirm_client(*key, pairing_as_.own_fingerprint, pairing_as_.host_fingerprint);
  state_ = State::await_result;
  deadline_ = now + kPairingWait;
  send(FrameType::pair_proof, proof.encode());
}

std::optional<TimePoint> ClientControl::next_deadline() const {
  if (state_ == State::running) return clock_->next_deadline();
  return deadline_;
}

void ClientControl::handle_deadline(TimePoint now) {
  if (state_ == State::running) return send_clock_probes(now);
  if (deadline_ && now >= *deadline_) close(CloseCode::error, "The host did not finish pairing in time.");
}

void ClientControl::open_with(FrameType type, ByteView body) {
  // Type varint and first message leave in one write, as section 9 asks.
  Bytes bytes;
  wire::append_varint(bytes, kControlStreamType);
  wire::append_frame(bytes, type, body);
  surroundings_.write(bytes);
}

void ClientControl::send(FrameType type, ByteView body) {
  Bytes bytes;
  wire::append_frame(bytes, type, body);
  surroundings_.write(bytes);
}

void ClientControl::close(CloseCode code, std::string_view reason) {
  state_ = State::closed;
  deadline_.reset();
  pairing_.reset();
  surroundings_.close(code, reason);
}

}  // namespace punktfunk::control
