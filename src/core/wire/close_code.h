// SPDX-License-Identifier: MIT OR Apache-2.0
// QUIC application error codes for connections and streams (protocol section 26).
#pragma once

#include <cstddef>
#include <cstdint>

namespace punktfunk::wire {

// The reason phrase of a close, in bytes of UTF-8.
inline constexpr std::size_t kMaxCloseReason = 256;

enum class CloseCode : std::uint64_t {
  done = 0x00,
  error = 0x01,
  busy = 0x42,
  user_quit = 0x51,
  application_ended = 0x52,
  pairing_not_armed = 0x60,
  armed_for_another_device = 0x61,
  pairing_rate_limit = 0x62,
  client_certificate_needed = 0x63,
  denied = 0x64,
  approval_timed_out = 0x65,
  superseded = 0x66,
  wire_generation_not_served = 0x67,
  setup_failed = 0x68,
  access_expired = 0x69,
  launch_not_permitted = 0x6A,
  host_going_down = 0x6B,
  profile_unknown = 0x6C,
  no_seat = 0x6D,
  seat_occupied = 0x6E,
  seat_unavailable = 0x6F,
  access_granted = 0x72,
  // For streams, not for the connection.
  transfer_cancelled = 0x70,
  unknown_stream_type = 0x71,
};

// One plain sentence for the person at the client. Never null, also for a code this build does not know.
[[nodiscard]] const char* describe(CloseCode code);

}  // namespace punktfunk::wire
