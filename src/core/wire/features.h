// SPDX-License-Identifier: MIT OR Apache-2.0
// Feature bits of the hello messages (protocol section 6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace punktfunk::wire {

// Bits 0 to 15 are the client's statement.
inline constexpr std::size_t kClientTenBit = 0;
inline constexpr std::size_t kClientHdr = 1;
inline constexpr std::size_t kClient444 = 2;
inline constexpr std::size_t kClientHostTiming = 3;
inline constexpr std::size_t kClientProbeIndexSpace = 4;
inline constexpr std::size_t kClientStreamedAu = 5;
inline constexpr std::size_t kClientChaCha20 = 6;
inline constexpr std::size_t kClientSlices = 7;
inline constexpr std::size_t kClientDrawsCursor = 8;
inline constexpr std::size_t kClientRedundantAudio = 10;
inline constexpr std::size_t kClientPadAudio = 11;
inline constexpr std::size_t kClientHighResAudio = 12;
inline constexpr std::size_t kClientKeepHostSpeakers = 13;
inline constexpr std::size_t kClientExtension = 14;  // always set by a client that speaks this protocol
// Bits 16 to 31 are the host's.
inline constexpr std::size_t kHostGamepadSnapshots = 16;
inline constexpr std::size_t kHostClipboard = 17;
inline constexpr std::size_t kHostTextInput = 18;
inline constexpr std::size_t kHostCursor = 19;
inline constexpr std::size_t kHostPen = 20;
inline constexpr std::size_t kHostRedundantAudio = 21;
inline constexpr std::size_t kHostPadAudio = 22;
inline constexpr std::size_t kHostHighResAudio = 23;
inline constexpr std::size_t kHostMarksRepeats = 24;
inline constexpr std::size_t kHostTouch = 25;
inline constexpr std::size_t kHostExtension = 26;  // always set by a host that speaks this protocol
inline constexpr std::size_t kHostScroll = 27;
inline constexpr std::size_t kHostRamp = 28;
inline constexpr std::size_t kHostReliableEdges = 30;
// From 32 up a feature is in force only when both sides have it, which ServerHello states.
inline constexpr std::size_t kStreamConfig = 32;
inline constexpr std::size_t kPadWrites = 33;
inline constexpr std::size_t kProfiles = 34;

class FeatureSet {
 public:
  static constexpr std::size_t kBits = 128;
  static constexpr std::size_t kFirstShared = 32;

  // `bit` is below kBits; a larger one is ignored by set and absent for has.
  void set(std::size_t bit);
  [[nodiscard]] bool has(std::size_t bit) const;

  // Without trailing zero bytes; no bits give an empty value.
  [[nodiscard]] Bytes encode() const;
  // Reads any length; bits past the 128th are ignored.
  [[nodiscard]] static FeatureSet decode(ByteView bytes);

  // What the host answers: its own bits below 32 and, from 32 up, those both sides have.
  [[nodiscard]] static FeatureSet answer(const FeatureSet& host, const FeatureSet& client);

  bool operator==(const FeatureSet&) const = default;

 private:
  std::array<std::uint8_t, kBits / 8> bytes_{};
};

}  // namespace punktfunk::wire
