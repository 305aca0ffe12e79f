// SPDX-License-Identifier: MIT OR Apache-2.0
// What a device may do on a host (protocol section 25): the one place where everything a client can send is
// classed. Default deny: what is not classed here does not compile, and what is not granted is dropped before
// any part of the host sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/wire/control_frame.h"
#include "core/wire/datagram.h"
#include "core/wire/grants.h"
#include "core/wire/input_event.h"
#include "core/wire/rich_input.h"

namespace punktfunk::access {

// What something takes: bits of wire::kGrant…, all of them needed. kFree: every device that may connect.
inline constexpr std::uint32_t kFree = 0;
// No mask ever allows it: what only hosts send, and every number that is not in the protocol.
inline constexpr std::uint32_t kNever = ~std::uint32_t{0};

[[nodiscard]] constexpr bool allows(std::uint32_t grants, std::uint32_t needed) {
  return needed != kNever && (grants & needed) == needed;
}

// The switches have no default, so that -Wswitch makes a kind that nobody classed an error.

[[nodiscard]] constexpr std::uint32_t needed(wire::InputKind kind) {
  using wire::InputKind;
  switch (kind) {
    case InputKind::key_down:
    case InputKind::key_up:
    case InputKind::text:
      return wire::kGrantKeyboard;
    case InputKind::mouse_move:
    case InputKind::mouse_position:
    case InputKind::button_down:
    case InputKind::button_up:
    case InputKind::scroll_simple:
    case InputKind::scroll:
    case InputKind::touch_down:
    case InputKind::touch_move:
    case InputKind::touch_up:
      return wire::kGrantPointer;
    case InputKind::gamepad_button:
    case InputKind::gamepad_axis:
    case InputKind::gamepad_state:
    case InputKind::gamepad_removed:
    case InputKind::gamepad_arrived:
      return wire::kGrantGamepad;
  }
  return kNever;
}

[[nodiscard]] constexpr std::uint32_t needed(wire::RichKind kind) {
  using wire::RichKind;
  switch (kind) {
    case RichKind::touchpad:
    case RichKind::motion:
    case RichKind::touchpad_extended:
    case RichKind::hid_report:
      return wire::kGrantGamepad;
    case RichKind::pen:
      return wire::kGrantPointer;
  }
  return kNever;
}

// Of datagrams from a client. Input is classed by the event in it besides:
// see below.
[[nodiscard]] constexpr std::uint32_t needed(wire::DatagramKind kind) {
  using wire::DatagramKind;
  switch (kind) {
    case DatagramKind::audio:
      return wire::kGrantMicrophone;
    case DatagramKind::input_state:
    case DatagramKind::feedback:
    case DatagramKind::clock:
      return kFree;
    case DatagramKind::media:
    case DatagramKind::rumble:
    case DatagramKind::hid_output:
    case DatagramKind::cursor_state:
    case DatagramKind::host_timing:
    case DatagramKind::hdr_meta:
      return kNever;
  }
  return kNever;
}

// Of control frames from a client. Input is classed by the event in it besides:
// see below.
[[nodiscard]] constexpr std::uint32_t needed(wire::FrameType type) {
  using wire::FrameType;
  switch (type) {
    case FrameType::client_hello:
    case FrameType::ready:
    case FrameType::pair_request:
    case FrameType::pair_proof:
    case FrameType::auth_response:
    case FrameType::reconfigure:
    case FrameType::set_bitrate:
    case FrameType::probe_request:
    case FrameType::phase_report:
    case FrameType::cursor_render:
    case FrameType::shard_payload_ack:
    case FrameType::clock_probe:
    case FrameType::input_event:
      return kFree;
    // Which end sends it is not settled (Q7). Muting what it hears is every client's right; a microphone's
    // sound itself is classed above.
    case FrameType::audio_state:
      return kFree;
    case FrameType::clip_control:
    case FrameType::clip_offer:
    case FrameType::clip_fetch:
    case FrameType::clip_fetch_header:
      return wire::kGrantClipboard;
    case FrameType::pad_identity:
    case FrameType::pad_feature:
      return wire::kGrantGamepad;
    case FrameType::server_hello:
    case FrameType::pending:
    case FrameType::redirect:
    case FrameType::refused:
    case FrameType::pair_challenge:
    case FrameType::pair_result:
    case FrameType::auth_challenge:
    case FrameType::reconfigured:
    case FrameType::stream_config:
    case FrameType::audio_config:
    case FrameType::bitrate_changed:
    case FrameType::pipeline_gap:
    case FrameType::probe_result:
    case FrameType::cursor_shape:
    case FrameType::access_update:
    case FrameType::launch_outcome:
    case FrameType::pad_slots:
    case FrameType::shard_payload_changed:
    case FrameType::clock_echo:
    case FrameType::clip_state:
      return kNever;
  }
  return kNever;
}

// Of a whole datagram and a whole frame, the event or sound in it looked at: what a host asks.
[[nodiscard]] std::uint32_t needed(const wire::Datagram& datagram);
[[nodiscard]] std::uint32_t needed(const wire::Frame& frame);

// Of streams that a client opens.
[[nodiscard]] constexpr std::uint32_t needed(wire::StreamType type) {
  using wire::StreamType;
  switch (type) {
    case StreamType::control:
      return kFree;
    case StreamType::transfer:
      return wire::kGrantClipboard;
    case StreamType::input:
    case StreamType::management:
      return kNever;
  }
  return kNever;
}

namespace internal {
constexpr bool is_one_grant(std::uint32_t mask) {
  return mask != 0 && (mask & (mask - 1)) == 0 && (mask & wire::kGrantAll) == mask;
}
// Every byte that can stand for a kind: exactly one grant for those of the protocol, which are numbered
// without gaps, and never for the others.
template <class Kind>
constexpr bool is_every_byte_classed(unsigned first, unsigned last) {
  for (unsigned byte = 0; byte <= 0xFF; ++byte) {
    const std::uint32_t mask = needed(static_cast<Kind>(byte));
    if (byte >= first && byte <= last ? !is_one_grant(mask) : mask != kNever) return false;
  }
  return true;
}
}  // namespace internal
static_assert(internal::is_every_byte_classed<wire::InputKind>(0, 16));
static_assert(internal::is_every_byte_classed<wire::RichKind>(1, 5));

// What one session lets through.
class Gate {
 public:
  void set(std::uint32_t grants) { grants_ = grants; }
  [[nodiscard]] std::uint32_t grants() const { return grants_; }
  // False: the device may not; counted.
  [[nodiscard]] bool pass(std::uint32_t needed) {
    if (allows(grants_, needed)) return true;
    ++denied_;
    return false;
  }
  [[nodiscard]] std::uint64_t denied() const { return denied_; }

 private:
  std::uint32_t grants_ = 0;  // until set() nothing that takes a grant
  std::uint64_t denied_ = 0;
};

// How long rights last.
enum class Lasts : std::uint8_t {
  always = 0,
  until = 1,    // a date
  session = 2,  // 60 s past the end of the device's last session
};

struct Rights {
  std::uint32_t grants = wire::kGrantAll;
  Lasts lasts = Lasts::always;
  std::uint64_t until_unix_s = 0;  // with Lasts::until; 0 otherwise
  bool operator==(const Rights&) const = default;
};

// Ten years of 365 days: who means longer means "always".
inline constexpr std::uint64_t kMaxTermSeconds = 10ULL * 365 * 24 * 3600;

// A length of time that has not begun.
struct Term {
  Lasts lasts = Lasts::always;
  std::uint64_t seconds = 0;  // with Lasts::until; at most kMaxTermSeconds
  bool operator==(const Term&) const = default;
};

// Rights still to be given.
struct Offer {
  std::uint32_t grants = wire::kGrantAll;
  Term term;
  bool operator==(const Offer&) const = default;

  [[nodiscard]] Rights given_at(std::uint64_t unix_s) const;
};

inline constexpr std::uint32_t kViewOnly = 0;
inline constexpr std::uint32_t kControllerOnly = wire::kGrantGamepad;
inline constexpr std::uint32_t kFull = wire::kGrantAll;

// "view", "controller", "full", or names of grants with commas between: gamepad, pointer, keyboard,
// clipboard, microphone, launch, power, manage-games. Nothing is added to what is named:
// the six or seven grants that read as "all" on the wire (wire::normalize_grants()) stay six or seven here.
[[nodiscard]] Result<std::uint32_t> parse_grants(std::string_view text);
// A preset's name, or the names of the grants with commas between: what parse_grants() reads. Bits that have
// no name are left out.
[[nodiscard]] std::string grants_text(std::uint32_t grants);
// One name per grant.
[[nodiscard]] std::vector<std::string_view> grant_names(std::uint32_t grants);

// "never" (no end), "session", or a number with its unit: 90s, 30m, 2h, 7d. At most kMaxTermSeconds.
[[nodiscard]] Result<Term> parse_term(std::string_view text);

}  // namespace punktfunk::access
