// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/session_messages.h"

#include "core/wire/fields.h"

namespace punktfunk::wire {

Bytes Refused::encode() const { return FieldWriter().integer(1, code).text(2, reason).take(); }

std::optional<Refused> Refused::decode(ByteView body) {
  Refused message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.code) || !in->get(2, message.reason, kMaxRefusedReason)) return std::nullopt;
  return message;
}

Bytes StreamConfig::encode() const {
  FieldWriter out;
  out.integer(1, epoch).mode(2, mode).integer(3, codec).integer(4, bit_depth).bytes(5, colour);
  out.integer(6, chroma_format).integer(7, host_interface_kind).integer(8, host_link_mbps);
  out.integer(9, host_send_buffer_kib).integer(10, shape);
  return out.take();
}

std::optional<StreamConfig> StreamConfig::decode(ByteView body) {
  StreamConfig message;
  const auto in = FieldTable::read(body, 10);
  const bool fit = in && in->get(1, message.epoch) && in->get(2, message.mode) && in->get(3, message.codec) &&
                   in->get(4, message.bit_depth) && in->get(5, message.colour) &&
                   in->get(6, message.chroma_format) && in->get(7, message.host_interface_kind) &&
                   in->get(8, message.host_link_mbps) && in->get(9, message.host_send_buffer_kib) &&
                   in->get(10, message.shape);
  if (!fit) return std::nullopt;
  return message;
}

Bytes ClockProbe::encode() const { return FieldWriter().integer(1, t1_ns).take(); }

std::optional<ClockProbe> ClockProbe::decode(ByteView body) {
  ClockProbe message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.t1_ns)) return std::nullopt;
  return message;
}

Bytes ClockEcho::encode() const {
  return FieldWriter().integer(1, t1_ns).integer(2, t2_ns).integer(3, t3_ns).take();
}

std::optional<ClockEcho> ClockEcho::decode(ByteView body) {
  ClockEcho message;
  const auto in = FieldTable::read(body, 3);
  if (!in || !in->get(1, message.t1_ns) || !in->get(2, message.t2_ns) || !in->get(3, message.t3_ns)) {
    return std::nullopt;
  }
  return message;
}

Bytes SetBitrate::encode() const { return FieldWriter().integer(1, bitrate_kbps).take(); }

std::optional<SetBitrate> SetBitrate::decode(ByteView body) {
  SetBitrate message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.bitrate_kbps)) return std::nullopt;
  return message;
}

Bytes BitrateChanged::encode() const {
  FieldWriter out;
  out.integer(1, bitrate_kbps);
  if (reason) out.integer(2, static_cast<std::uint8_t>(*reason));
  return out.take();
}

std::optional<BitrateChanged> BitrateChanged::decode(ByteView body) {
  BitrateChanged message;
  std::uint8_t reason = 0;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.bitrate_kbps) || !in->get(2, reason)) return std::nullopt;
  if (in->has(2) && reason <= static_cast<std::uint8_t>(BitrateReason::pinned)) {
    message.reason = static_cast<BitrateReason>(reason);
  }
  return message;
}

Bytes PipelineGap::encode() const { return FieldWriter().integer(1, gap_ms).take(); }

std::optional<PipelineGap> PipelineGap::decode(ByteView body) {
  PipelineGap message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.gap_ms)) return std::nullopt;
  return message;
}

Bytes Reconfigure::encode() const { return FieldWriter().mode(1, mode).take(); }

std::optional<Reconfigure> Reconfigure::decode(ByteView body) {
  Reconfigure message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.mode)) return std::nullopt;
  return message;
}

Bytes Reconfigured::encode() const { return FieldWriter().boolean(1, accepted).mode(2, mode).take(); }

std::optional<Reconfigured> Reconfigured::decode(ByteView body) {
  Reconfigured message;
  const auto in = FieldTable::read(body, 2);
  if (!in || !in->get(1, message.accepted) || !in->get(2, message.mode)) return std::nullopt;
  return message;
}

Bytes ShardPayload::encode() const { return FieldWriter().integer(1, bytes).take(); }

std::optional<ShardPayload> ShardPayload::decode(ByteView body) {
  ShardPayload message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.bytes)) return std::nullopt;
  return message;
}

}  // namespace punktfunk::wire
