// SPDX-License-Identifier: MIT OR Apache-2.0
// Controller management on the control stream (protocol section 22.4).
//
// encode() gives the body only; decode() gives nullopt for a body that must be refused, also for a pad from
// kMaxPads up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxPadSerialBytes = 32;
inline constexpr std::size_t kMaxPadRepliesBytes = 4096;  // all pairs, with their lengths
inline constexpr std::size_t kMaxPadReportBytes = 64;
inline constexpr std::uint8_t kPadIdentitySlots = 4;

// Host to client.
struct PadSlots {
  std::uint16_t free = 0;  // bit n: the host can take pad n
  bool operator==(const PadSlots&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PadSlots> decode(ByteView body);
};

// Client to host: who a controller is, so that the host's copy can answer a game's questions at once.
struct PadIdentity {
  struct Reply {
    Bytes request;  // a feature request, at most kMaxPadReportBytes
    Bytes reply;    // what the controller answers, at most kMaxPadReportBytes
    bool operator==(const Reply&) const = default;
  };

  std::uint8_t pad = 0;
  std::string serial;          // at most kMaxPadSerialBytes
  std::vector<Reply> replies;  // kMaxPadRepliesBytes in all
  std::uint8_t slot = 0;       // below kPadIdentitySlots
  bool operator==(const PadIdentity&) const = default;
  // Writes no reply that would break a bound.
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PadIdentity> decode(ByteView body);
};

// One feature report. Both ways (question 7).
struct PadFeature {
  std::uint8_t pad = 0;
  Bytes data;  // 1 to kMaxPadReportBytes
  bool operator==(const PadFeature&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PadFeature> decode(ByteView body);
};

}  // namespace punktfunk::wire
