// SPDX-License-Identifier: MIT OR Apache-2.0
// Messages of PIN pairing (protocol section 10.1). A body without one of the fixed-length values is refused:
// zeros would be no point and no confirmation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxPairNameBytes = 64;
// Bounded by the frame (4096); a P-256 SubjectPublicKeyInfo, the only key a browser carrier has, takes 91.
inline constexpr std::size_t kMaxDeviceKeyBytes = 1024;

using SpakeMessage = std::array<std::uint8_t, 33>;  // side byte, then a compressed point
using Confirmation = std::array<std::uint8_t, 32>;

struct PairRequest {
  std::string name;
  SpakeMessage spake_a{};
  Bytes device_key;  // empty on native clients
  bool operator==(const PairRequest&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PairRequest> decode(ByteView body);
};

struct PairChallenge {
  SpakeMessage spake_b{};
  Confirmation host_confirm{};
  bool operator==(const PairChallenge&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PairChallenge> decode(ByteView body);
};

struct PairProof {
  Confirmation client_confirm{};
  bool operator==(const PairProof&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PairProof> decode(ByteView body);
};

struct PairResult {
  bool ok = false;
  bool operator==(const PairResult&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PairResult> decode(ByteView body);
};

}  // namespace punktfunk::wire
