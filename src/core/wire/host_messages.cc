// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/host_messages.h"

#include <algorithm>

#include "core/wire/fields.h"
#include "core/wire/grants.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kMaxAddr = 253;
constexpr std::size_t kMaxShortText = 64;
constexpr std::size_t kMaxLaunchMessage = 200;

}  // namespace

Bytes Redirect::encode() const {
  FieldWriter out;
  out.text(1, addr).integer(2, port).text(3, profile).integer(4, seat_number);
  out.text(5, seat_name).text(6, occupant).text(7, pin);
  return out.take();
}

std::optional<Redirect> Redirect::decode(ByteView body) {
  Redirect message;
  const auto in = FieldTable::read(body, 7);
  const bool fit = in && in->get(1, message.addr, kMaxAddr) && in->get(2, message.port) &&
                   in->get(3, message.profile, kMaxShortText) && in->get(4, message.seat_number) &&
                   in->get(5, message.seat_name, kMaxShortText) &&
                   in->get(6, message.occupant, kMaxShortText) && in->get(7, message.pin, kMaxShortText);
  if (!fit || message.port == 0) return std::nullopt;
  const bool is_fingerprint = message.pin.size() == kMaxShortText && from_hex(message.pin).has_value();
  if (!message.pin.empty() && !is_fingerprint) return std::nullopt;
  return message;
}

Bytes AudioConfig::encode() const {
  FieldWriter out;
  out.integer(1, stream).integer(2, epoch).integer(3, codec).integer(4, rate_hz).integer(5, bits);
  out.integer(6, channels).integer(7, layout).integer(8, frame_us).boolean(9, redundant);
  return out.take();
}

std::optional<AudioConfig> AudioConfig::decode(ByteView body) {
  AudioConfig message;
  const auto in = FieldTable::read(body, 9);
  const bool fit = in && in->get(1, message.stream) && in->get(2, message.epoch) &&
                   in->get(3, message.codec) && in->get(4, message.rate_hz) && in->get(5, message.bits) &&
                   in->get(6, message.channels) && in->get(7, message.layout) &&
                   in->get(8, message.frame_us) && in->get(9, message.redundant);
  if (!fit) return std::nullopt;
  return message;
}

Bytes AudioState::encode() const { return FieldWriter().boolean(1, muted).take(); }

std::optional<AudioState> AudioState::decode(ByteView body) {
  AudioState message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.muted)) return std::nullopt;
  return message;
}

ProbeRequest ProbeRequest::clamped() const {
  ProbeRequest request = *this;
  request.target_kbps = std::min(target_kbps, kMaxProbeKbps);
  request.duration_ms = std::min(duration_ms, kMaxProbeMs);
  return request;
}

std::uint32_t ProbeRequest::filler_bytes() const {
  // 240 units a second: 1 kbit/s = 125 bytes/s.
  const std::uint64_t bytes = std::uint64_t{target_kbps} * 125 / 240;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(bytes, 1200, 16384));
}

Bytes ProbeRequest::encode() const {
  FieldWriter out;
  out.integer(1, target_kbps).integer(2, duration_ms).integer(3, burst_hz).integer(4, group_bytes);
  out.integer(5, group_rate_kbps);
  return out.take();
}

std::optional<ProbeRequest> ProbeRequest::decode(ByteView body) {
  ProbeRequest message;
  const auto in = FieldTable::read(body, 5);
  const bool fit = in && in->get(1, message.target_kbps) && in->get(2, message.duration_ms) &&
                   in->get(3, message.burst_hz) && in->get(4, message.group_bytes) &&
                   in->get(5, message.group_rate_kbps);
  if (!fit) return std::nullopt;
  return message;
}

Bytes ProbeResult::encode() const {
  FieldWriter out;
  out.integer(1, bytes_sent).integer(2, packets_sent).integer(3, duration_ms).integer(4, wire_packets_sent);
  out.integer(5, send_dropped);
  return out.take();
}

std::optional<ProbeResult> ProbeResult::decode(ByteView body) {
  ProbeResult message;
  const auto in = FieldTable::read(body, 5);
  const bool fit = in && in->get(1, message.bytes_sent) && in->get(2, message.packets_sent) &&
                   in->get(3, message.duration_ms) && in->get(4, message.wire_packets_sent) &&
                   in->get(5, message.send_dropped);
  if (!fit) return std::nullopt;
  return message;
}

Bytes AccessUpdate::encode() const {
  return FieldWriter().integer(1, grants).integer(2, remaining_seconds).take();
}

std::optional<AccessUpdate> AccessUpdate::decode(ByteView body) {
  AccessUpdate message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.grants) || !in->get(2, message.remaining_seconds)) return std::nullopt;
  message.grants = normalize_grants(message.grants);
  return message;
}

Bytes LaunchOutcome::encode() const { return FieldWriter().integer(1, kind).text(2, message).take(); }

std::optional<LaunchOutcome> LaunchOutcome::decode(ByteView body) {
  LaunchOutcome outcome;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, outcome.kind) || !in->get(2, outcome.message, kMaxLaunchMessage))
    return std::nullopt;
  if (outcome.kind > 5) outcome.kind = 0;
  return outcome;
}

}  // namespace punktfunk::wire
