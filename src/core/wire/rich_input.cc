// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/rich_input.h"

#include <algorithm>

#include "core/wire/datagram.h"
#include "core/wire/gamepad.h"
#include "core/wire/payload.h"

namespace punktfunk::wire {
namespace {

constexpr auto kTouchpadKind = static_cast<std::uint8_t>(RichKind::touchpad);
constexpr auto kMotionKind = static_cast<std::uint8_t>(RichKind::motion);
constexpr auto kTouchpadExtendedKind = static_cast<std::uint8_t>(RichKind::touchpad_extended);
constexpr auto kHidReportKind = static_cast<std::uint8_t>(RichKind::hid_report);

constexpr std::size_t kTouchpadBytes = 5 + 2 * 2;
constexpr std::size_t kMotionBytes = 3 + 6 * 2;
constexpr std::size_t kTouchpadExtendedBytes = 6 + 3 * 2;
constexpr std::size_t kHidHeaderBytes = 4;

std::int16_t load_i16(const std::uint8_t* at) {
  return static_cast<std::int16_t>(load_le<std::uint16_t>(at));
}
void append_i16(Bytes& out, std::int16_t value) { append_le(out, static_cast<std::uint16_t>(value)); }

// The pad is the first byte after the kind in kinds 1 to 4.
bool begins(ByteView payload, std::uint8_t kind) {
  return payload.size() >= 3 && payload[0] == kRichInputByte && payload[1] == kind && payload[2] < kMaxPads;
}

template <class Message>
std::optional<RichInput> decode_as(ByteView payload) {
  auto message = Message::decode(payload);
  if (!message) return std::nullopt;
  return RichInput(*std::move(message));
}

}  // namespace

Bytes TouchpadContact::encode() const {
  Bytes out{kRichInputByte, kTouchpadKind, pad, finger, static_cast<std::uint8_t>(active ? 1 : 0)};
  append_le(out, x);
  append_le(out, y);
  return out;
}

std::optional<TouchpadContact> TouchpadContact::decode(ByteView payload) {
  if (!begins(payload, kTouchpadKind) || payload.size() != kTouchpadBytes) return std::nullopt;
  return TouchpadContact{payload[2], payload[3], payload[4] != 0, load_le<std::uint16_t>(payload.data() + 5),
                         load_le<std::uint16_t>(payload.data() + 7)};
}

Bytes PadMotion::encode() const {
  Bytes out{kRichInputByte, kMotionKind, pad};
  for (const std::int16_t value : gyro) append_i16(out, value);
  for (const std::int16_t value : accel) append_i16(out, value);
  return out;
}

std::optional<PadMotion> PadMotion::decode(ByteView payload) {
  if (!begins(payload, kMotionKind) || payload.size() != kMotionBytes) return std::nullopt;
  PadMotion motion;
  motion.pad = payload[2];
  const std::uint8_t* values = payload.data() + 3;
  for (std::size_t i = 0; i < 3; ++i) {
    motion.gyro[i] = load_i16(values + 2 * i);
    motion.accel[i] = load_i16(values + 6 + 2 * i);
  }
  return motion;
}

Bytes TouchpadExtended::encode() const {
  Bytes out{kRichInputByte, kTouchpadExtendedKind, pad, surface, finger, state};
  append_i16(out, x);
  append_i16(out, y);
  append_le(out, pressure);
  return out;
}

std::optional<TouchpadExtended> TouchpadExtended::decode(ByteView payload) {
  if (!begins(payload, kTouchpadExtendedKind) || payload.size() != kTouchpadExtendedBytes)
    return std::nullopt;
  return TouchpadExtended{payload[2],
                          payload[3],
                          payload[4],
                          payload[5],
                          load_i16(payload.data() + 6),
                          load_i16(payload.data() + 8),
                          load_le<std::uint16_t>(payload.data() + 10)};
}

Bytes HidReport::encode() const {
  const std::size_t length = std::min(data.size(), kMaxHidReportBytes);
  return join({kRichInputByte, kHidReportKind, pad, static_cast<std::uint8_t>(length)},
              ByteView(data).first(length));
}

std::optional<HidReport> HidReport::decode(ByteView payload) {
  if (!begins(payload, kHidReportKind) || payload.size() < kHidHeaderBytes) return std::nullopt;
  const std::size_t length = payload[3];
  const ByteView data = payload.subspan(kHidHeaderBytes);
  if (length > kMaxHidReportBytes || data.size() != length) return std::nullopt;
  return HidReport{payload[2], Bytes(data.begin(), data.end())};
}

RichKind kind_of(const RichInput& input) {
  struct Kind {
    RichKind operator()(const TouchpadContact&) const { return RichKind::touchpad; }
    RichKind operator()(const PadMotion&) const { return RichKind::motion; }
    RichKind operator()(const TouchpadExtended&) const { return RichKind::touchpad_extended; }
    RichKind operator()(const HidReport&) const { return RichKind::hid_report; }
    RichKind operator()(const PenBatch&) const { return RichKind::pen; }
  };
  return std::visit(Kind{}, input);
}

std::optional<RichInput> decode_rich_input(ByteView payload) {
  if (payload.size() < 2) return std::nullopt;
  switch (payload[1]) {
    case kTouchpadKind:
      return decode_as<TouchpadContact>(payload);
    case kMotionKind:
      return decode_as<PadMotion>(payload);
    case kTouchpadExtendedKind:
      return decode_as<TouchpadExtended>(payload);
    case kHidReportKind:
      return decode_as<HidReport>(payload);
    case kPenKind:
      return decode_as<PenBatch>(payload);
    default:
      return std::nullopt;
  }
}

}  // namespace punktfunk::wire
