// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames of the control stream: type, length, body (protocol sections 5.3, 5.4 and 7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

// The varint that opens every QUIC stream. Only the opener writes it.
enum class StreamType : std::uint64_t { control = 0, input = 1, transfer = 2, management = 3 };

enum class FrameType : std::uint64_t {
  client_hello = 0x01,
  server_hello = 0x02,
  ready = 0x03,    // empty body
  pending = 0x04,  // empty body
  redirect = 0x05,
  refused = 0x06,
  pair_request = 0x10,
  pair_challenge = 0x11,
  pair_proof = 0x12,
  pair_result = 0x13,
  auth_challenge = 0x14,
  auth_response = 0x15,
  reconfigure = 0x20,
  reconfigured = 0x21,
  stream_config = 0x22,
  audio_config = 0x23,
  set_bitrate = 0x24,
  bitrate_changed = 0x25,
  pipeline_gap = 0x26,
  probe_request = 0x2B,
  probe_result = 0x2C,
  phase_report = 0x2D,
  cursor_shape = 0x30,
  cursor_render = 0x31,
  access_update = 0x32,
  audio_state = 0x33,
  launch_outcome = 0x34,
  pad_slots = 0x35,
  shard_payload_changed = 0x38,
  shard_payload_ack = 0x39,
  clock_probe = 0x3A,
  clock_echo = 0x3B,
  clip_control = 0x40,
  clip_state = 0x41,
  clip_offer = 0x42,
  clip_fetch = 0x43,
  clip_fetch_header = 0x44,
  input_event = 0x50,
  pad_identity = 0x51,
  pad_feature = 0x52,
};

// The longest body a frame of this type may have, in bytes. Types without an entry have the bound 65536.
[[nodiscard]] std::size_t body_bound(std::uint64_t type);

// The caller keeps body.size() within body_bound(type).
void append_frame(Bytes& out, FrameType type, ByteView body);

struct Frame {
  std::uint64_t type = 0;  // as sent; compare with is(). A type this side does not know is skipped.
  Bytes body;

  [[nodiscard]] bool is(FrameType wanted) const { return type == static_cast<std::uint64_t>(wanted); }
};

// Cuts a byte stream into frames. Not thread-safe.
//
// Memory: what one push() brings plus at most one unfinished frame (the largest bound, 131072, and its
// header), provided the caller drains next() after each push. A length above the bound is an error as soon as
// it is read, so a peer cannot make this side wait for, or store, a body it would not take.
class FrameParser {
 public:
  enum class Status {
    need_more,  // nothing complete; push more
    frame,      // `out` holds the next frame
    too_long,   // length above the bound of its type: a stream error, and the answer from now on
  };

  void push(ByteView bytes);
  [[nodiscard]] Status next(Frame& out);

  struct Violation {
    std::uint64_t type;
    std::uint64_t length;
  };
  // The frame that was too long.
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

  // Bytes kept for later.
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - consumed_; }

 private:
  Bytes buffer_;
  std::size_t consumed_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace punktfunk::wire
