// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/input_event.h"

#include "core/wire/datagram.h"
#include "core/wire/scroll.h"

namespace punktfunk::wire {

std::array<std::uint8_t, kInputEventBytes> InputEvent::encode() const {
  std::array<std::uint8_t, kInputEventBytes> out{kInputByte, static_cast<std::uint8_t>(kind)};
  store_le(out.data() + 2, code);
  store_le(out.data() + 6, static_cast<std::uint32_t>(x));
  store_le(out.data() + 10, static_cast<std::uint32_t>(y));
  store_le(out.data() + 14, flags);
  return out;
}

std::optional<InputEvent> InputEvent::decode(ByteView bytes) {
  if (bytes.size() != kInputEventBytes || bytes[0] != kInputByte) return std::nullopt;
  if (bytes[1] > static_cast<std::uint8_t>(InputKind::scroll)) return std::nullopt;
  InputEvent event;
  event.kind = static_cast<InputKind>(bytes[1]);
  event.code = load_le<std::uint32_t>(bytes.data() + 2);
  event.x = static_cast<std::int32_t>(load_le<std::uint32_t>(bytes.data() + 6));
  event.y = static_cast<std::int32_t>(load_le<std::uint32_t>(bytes.data() + 10));
  event.flags = load_le<std::uint32_t>(bytes.data() + 14);
  // The host divides by both to map the position.
  if (event.kind == InputKind::mouse_position && (event.area_width() == 0 || event.area_height() == 0)) {
    return std::nullopt;
  }
  if (event.kind == InputKind::text && !is_scalar_value(event.code)) return std::nullopt;
  if (event.kind == InputKind::scroll && !is_valid_scroll(event)) return std::nullopt;
  return event;
}

}  // namespace punktfunk::wire
