// SPDX-License-Identifier: MIT OR Apache-2.0
// How channels are laid out in Opus streams (protocol section 23.3). Channel order: FL FR FC LFE RL RR SL SR.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace punktfunk::wire {

inline constexpr std::size_t kMaxAudioChannels = 8;

struct OpusLayout {
  std::uint8_t channels = 2;
  std::uint8_t streams = 1;
  std::uint8_t coupled = 1;  // of the streams, the first ones, each of two channels
  // The output channel of each coded channel; those from `channels` up are 0.
  std::array<std::uint8_t, kMaxAudioChannels> mapping{0, 1};

  bool operator==(const OpusLayout&) const = default;
};

// `layout` is one of hello.h. nullopt: no such layout, and no audio rather than wrong channels. Two channels
// are an ordinary stereo stream whatever the layout says.
[[nodiscard]] std::optional<OpusLayout> opus_layout(std::uint8_t channels, std::uint8_t layout);

}  // namespace punktfunk::wire
