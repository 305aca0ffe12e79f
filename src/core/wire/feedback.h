// SPDX-License-Identifier: MIT OR Apache-2.0
// Feedback of the client: loss windows, asks for recovery, resend requests, acknowledgements (protocol
// section 17).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxResendShards = 16;

struct Feedback {
  // The last closed window.
  std::optional<std::uint32_t> window;  // number, from 1
  std::optional<std::uint32_t> loss_ppm;
  std::optional<std::uint64_t> packets;    // media packets received this session
  std::optional<std::uint32_t> lost_head;  // lost shards; these four are written when nonzero
  std::optional<std::uint32_t> lost_mid;
  std::optional<std::uint32_t> lost_tail;
  std::optional<std::uint32_t> dropped;  // packets the client itself dropped in the window
  // Levels, written when nonzero.
  std::optional<std::uint32_t> link_kbps;  // the rate the client holds the link to carry
  std::optional<std::uint8_t> shape;       // delivery shape wanted: 0 the host's choice, 1 wake
  // An open ask.
  std::optional<std::uint16_t> ask;  // number, from 1
  std::optional<std::uint32_t> invalidate_first;
  std::optional<std::uint32_t> invalidate_last;
  std::optional<bool> keyframe;  // written when true
  // A request to send shards again.
  std::optional<std::uint32_t> resend_frame;
  std::vector<std::uint16_t> resend_shards;  // AU shard indices, at most kMaxResendShards
  // Acknowledgement.
  std::optional<std::uint32_t> clean_frame;   // newest frame decoded clean
  std::optional<std::uint16_t> clean_before;  // bit i: frame clean_frame - 1 - i was clean too

  bool operator==(const Feedback&) const = default;

  // The payload, without the datagram kind. Resend shards are written only with resend_frame, and no more
  // than kMaxResendShards of them.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: an overrun, an integer that does not fit, a repeated tag among 5, 6, 14, 15 and 17,
  // shards without a frame or more than kMaxResendShards. Repetition of the other tags is taken as the
  // reference does: the last one counts.
  [[nodiscard]] static std::optional<Feedback> decode(ByteView payload);
};

}  // namespace punktfunk::wire
