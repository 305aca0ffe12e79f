// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/hid_output.h"

#include <algorithm>

#include "core/wire/datagram.h"
#include "core/wire/gamepad.h"
#include "core/wire/payload.h"

namespace punktfunk::wire {
namespace {

enum Kind : std::uint8_t {
  kLightBar = 1,
  kPlayerLeds = 2,
  kTriggerEffect = 3,
  kTrackpadHaptic = 4,
  kRawReport = 5,
  kAudioControl = 6,
  kMicrophoneLed = 7,
};

constexpr std::size_t kLightBarBytes = 6;
constexpr std::size_t kPlayerLedsBytes = 4;
constexpr std::size_t kTriggerHeaderBytes = 4;
constexpr std::size_t kTrackpadHapticBytes = 4 + 3 * 2;
constexpr std::size_t kRawHeaderBytes = 4;
constexpr std::size_t kAudioControlBytes = 2 + 2 + 1 + 6;
constexpr std::size_t kMicrophoneLedBytes = 4;

// The pad is the byte after the kind; the low one in kind 6, which checks the other itself.
bool begins(ByteView payload, Kind kind) {
  return payload.size() >= 4 && payload[0] == kHidOutputByte && payload[1] == kind && payload[2] < kMaxPads;
}

template <class Message>
std::optional<HidOutput> decode_as(ByteView payload) {
  auto message = Message::decode(payload);
  if (!message) return std::nullopt;
  return HidOutput(*std::move(message));
}

}  // namespace

Bytes LightBar::encode() const { return {kHidOutputByte, kLightBar, pad, red, green, blue}; }

std::optional<LightBar> LightBar::decode(ByteView payload) {
  if (!begins(payload, kLightBar) || payload.size() != kLightBarBytes) return std::nullopt;
  return LightBar{payload[2], payload[3], payload[4], payload[5]};
}

Bytes PlayerLeds::encode() const { return {kHidOutputByte, kPlayerLeds, pad, bits}; }

std::optional<PlayerLeds> PlayerLeds::decode(ByteView payload) {
  if (!begins(payload, kPlayerLeds) || payload.size() != kPlayerLedsBytes) return std::nullopt;
  return PlayerLeds{payload[2], payload[3]};
}

Bytes TriggerEffect::encode() const {
  return join({kHidOutputByte, kTriggerEffect, pad, which},
              ByteView(effect).first(std::min(effect.size(), kMaxTriggerEffectBytes)));
}

std::optional<TriggerEffect> TriggerEffect::decode(ByteView payload) {
  if (!begins(payload, kTriggerEffect) || payload[3] > kR2) return std::nullopt;
  const ByteView effect = payload.subspan(kTriggerHeaderBytes);
  if (effect.empty() || effect.size() > kMaxTriggerEffectBytes) return std::nullopt;
  return TriggerEffect{payload[2], payload[3], Bytes(effect.begin(), effect.end())};
}

Bytes TrackpadHaptic::encode() const {
  Bytes out{kHidOutputByte, kTrackpadHaptic, pad, side};
  append_le(out, amplitude);
  append_le(out, period);
  append_le(out, count);
  return out;
}

std::optional<TrackpadHaptic> TrackpadHaptic::decode(ByteView payload) {
  if (!begins(payload, kTrackpadHaptic) || payload.size() != kTrackpadHapticBytes) return std::nullopt;
  return TrackpadHaptic{payload[2], payload[3], load_le<std::uint16_t>(payload.data() + 4),
                        load_le<std::uint16_t>(payload.data() + 6),
                        load_le<std::uint16_t>(payload.data() + 8)};
}

Bytes RawReport::encode() const {
  return join({kHidOutputByte, kRawReport, pad, kind},
              ByteView(data).first(std::min(data.size(), kMaxRawReportBytes)));
}

std::optional<RawReport> RawReport::decode(ByteView payload) {
  if (!begins(payload, kRawReport) || payload[3] > kFeature) return std::nullopt;
  const ByteView data = payload.subspan(kRawHeaderBytes);
  if (data.size() > kMaxRawReportBytes) return std::nullopt;
  return RawReport{payload[2], payload[3], Bytes(data.begin(), data.end())};
}

Bytes AudioControl::encode() const {
  return join({kHidOutputByte, kAudioControl, static_cast<std::uint8_t>(pad & 0xFFU),
               static_cast<std::uint8_t>(pad >> 8), flags},
              raw);
}

std::optional<AudioControl> AudioControl::decode(ByteView payload) {
  if (!begins(payload, kAudioControl) || payload.size() != kAudioControlBytes) return std::nullopt;
  AudioControl control;
  control.pad = load_le<std::uint16_t>(payload.data() + 2);
  if (control.pad >= kMaxPads) return std::nullopt;
  control.flags = payload[4];
  std::copy_n(payload.begin() + 5, control.raw.size(), control.raw.begin());
  return control;
}

Bytes MicrophoneLed::encode() const { return {kHidOutputByte, kMicrophoneLed, pad, mode}; }

std::optional<MicrophoneLed> MicrophoneLed::decode(ByteView payload) {
  if (!begins(payload, kMicrophoneLed) || payload.size() != kMicrophoneLedBytes) return std::nullopt;
  return MicrophoneLed{payload[2], payload[3]};
}

std::optional<HidOutput> decode_hid_output(ByteView payload) {
  if (payload.size() < 2) return std::nullopt;
  switch (payload[1]) {
    case kLightBar:
      return decode_as<LightBar>(payload);
    case kPlayerLeds:
      return decode_as<PlayerLeds>(payload);
    case kTriggerEffect:
      return decode_as<TriggerEffect>(payload);
    case kTrackpadHaptic:
      return decode_as<TrackpadHaptic>(payload);
    case kRawReport:
      return decode_as<RawReport>(payload);
    case kAudioControl:
      return decode_as<AudioControl>(payload);
    case kMicrophoneLed:
      return decode_as<MicrophoneLed>(payload);
    default:
      return std::nullopt;
  }
}

}  // namespace punktfunk::wire
