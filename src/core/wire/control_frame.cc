// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/control_frame.h"

#include <cassert>

#include "core/wire/varint.h"

namespace punktfunk::wire {

std::size_t body_bound(std::uint64_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::client_hello:
    case FrameType::server_hello:
      return 16384;
    case FrameType::pair_request:
    case FrameType::stream_config:
      return 4096;
    case FrameType::pending:
    case FrameType::redirect:
    case FrameType::refused:
    case FrameType::pair_challenge:
    case FrameType::auth_response:
    case FrameType::reconfigure:
    case FrameType::reconfigured:
    case FrameType::audio_config:
    case FrameType::launch_outcome:
    case FrameType::clip_fetch:
      return 1024;
    case FrameType::ready:
    case FrameType::pair_proof:
    case FrameType::pair_result:
    case FrameType::auth_challenge:
    case FrameType::set_bitrate:
    case FrameType::bitrate_changed:
    case FrameType::pipeline_gap:
    case FrameType::probe_request:
    case FrameType::probe_result:
    case FrameType::phase_report:
    case FrameType::cursor_render:
    case FrameType::access_update:
    case FrameType::audio_state:
    case FrameType::pad_slots:
    case FrameType::shard_payload_changed:
    case FrameType::shard_payload_ack:
    case FrameType::clock_probe:
    case FrameType::clock_echo:
    case FrameType::clip_control:
    case FrameType::clip_state:
    case FrameType::clip_fetch_header:
    case FrameType::input_event:
    case FrameType::pad_feature:
      return 256;
    case FrameType::cursor_shape:
      return 131072;
    case FrameType::clip_offer:
    case FrameType::pad_identity:
      return 8192;
  }
  return 65536;
}

void append_frame(Bytes& out, FrameType type, ByteView body) {
  const auto number = static_cast<std::uint64_t>(type);
  assert(body.size() <= body_bound(number));
  append_varint(out, number);
  append_varint(out, body.size());
  append(out, body);
}

void FrameParser::push(ByteView bytes) {
  if (violation_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
  consumed_ = 0;
  append(buffer_, bytes);
}

FrameParser::Status FrameParser::next(Frame& out) {
  if (violation_) return Status::too_long;
  const ByteView waiting = ByteView(buffer_).subspan(consumed_);
  const auto type = read_varint(waiting);
  if (!type) return Status::need_more;
  const auto length = read_varint(waiting.subspan(type->length));
  if (!length) return Status::need_more;
  if (length->value > body_bound(type->value)) {
    violation_ = Violation{type->value, length->value};
    buffer_ = {};
    consumed_ = 0;
    return Status::too_long;
  }
  const std::size_t header = type->length + length->length;
  const auto size = static_cast<std::size_t>(length->value);
  if (waiting.size() - header < size) return Status::need_more;
  out.type = type->value;
  const ByteView body = waiting.subspan(header, size);
  out.body.assign(body.begin(), body.end());
  consumed_ += header + size;
  return Status::frame;
}

}  // namespace punktfunk::wire
