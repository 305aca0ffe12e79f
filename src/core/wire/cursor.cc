// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/cursor.h"

#include "core/wire/datagram.h"
#include "core/wire/fields.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kStateBytes = 1 + 4 + 1 + 2 * 4;  // 14
constexpr std::size_t kMaxShapeBytes = kCursorPixelBytes * kMaxCursorSide * kMaxCursorSide;

bool is_side(std::uint16_t pixels) { return pixels >= 1 && pixels <= kMaxCursorSide; }

}  // namespace

Bytes CursorShape::encode() const {
  FieldWriter out;
  out.integer(1, serial).integer(2, width).integer(3, height).integer(4, hot_x).integer(5, hot_y).bytes(6,
                                                                                                        rgba);
  return out.take();
}

std::optional<CursorShape> CursorShape::decode(ByteView body) {
  CursorShape shape;
  const auto in = FieldTable::read(body, 6);
  const bool fit = in && in->get(1, shape.serial) && in->get(2, shape.width) && in->get(3, shape.height) &&
                   in->get(4, shape.hot_x) && in->get(5, shape.hot_y);
  if (!fit || !is_side(shape.width) || !is_side(shape.height)) return std::nullopt;
  if (!in->get(6, shape.rgba, kMaxShapeBytes)) return std::nullopt;
  if (shape.rgba.size() != kCursorPixelBytes * shape.width * shape.height) return std::nullopt;
  return shape;
}

Bytes CursorState::encode() const {
  Bytes out{kCursorByte};
  append_le(out, serial);
  out.push_back(flags);
  append_le(out, static_cast<std::uint32_t>(x));
  append_le(out, static_cast<std::uint32_t>(y));
  return out;
}

std::optional<CursorState> CursorState::decode(ByteView payload) {
  if (payload.size() < kStateBytes || payload[0] != kCursorByte) return std::nullopt;
  const std::uint8_t* at = payload.data();
  return CursorState{load_le<std::uint32_t>(at + 1), at[5],
                     static_cast<std::int32_t>(load_le<std::uint32_t>(at + 6)),
                     static_cast<std::int32_t>(load_le<std::uint32_t>(at + 10))};
}

Bytes CursorRender::encode() const { return FieldWriter().boolean(1, client_draws).take(); }

std::optional<CursorRender> CursorRender::decode(ByteView body) {
  CursorRender message;
  const auto in = FieldTable::read(body, 1);
  if (!in || !in->get(1, message.client_draws)) return std::nullopt;
  return message;
}

}  // namespace punktfunk::wire
