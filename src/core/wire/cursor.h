// SPDX-License-Identifier: MIT OR Apache-2.0
// The cursor beside the picture (protocol section 24.3): its shape and who draws it on the control stream,
// its place as a datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::uint16_t kMaxCursorSide = 120;  // pixels
inline constexpr std::size_t kCursorPixelBytes = 4;

// Host to client. Body of a control frame.
struct CursorShape {
  std::uint32_t serial = 0;  // restarts with each capture pipeline
  std::uint16_t width = 0;   // 1 to kMaxCursorSide
  std::uint16_t height = 0;
  std::uint16_t hot_x = 0;  // in the shape; not checked against its size
  std::uint16_t hot_y = 0;
  Bytes rgba;  // width · height · kCursorPixelBytes, rows from the top, straight alpha
  bool operator==(const CursorShape&) const = default;
  [[nodiscard]] Bytes encode() const;
  // nullopt = refuse, also a size out of range and pixels that do not fill it exactly.
  [[nodiscard]] static std::optional<CursorShape> decode(ByteView body);
};

// Host to client. Payload of CURSOR_STATE datagrams.
struct CursorState {
  static constexpr std::uint8_t kVisible = 1;
  static constexpr std::uint8_t kRelative = 2;  // the application reads relative motion

  std::uint32_t serial = 0;  // of the shape
  std::uint8_t flags = 0;    // unknown bits are kept
  std::int32_t x = 0;        // of the hot spot, in pixels of the picture in the session's mode
  std::int32_t y = 0;
  bool operator==(const CursorState&) const = default;

  [[nodiscard]] bool visible() const { return (flags & kVisible) != 0; }
  [[nodiscard]] bool relative() const { return (flags & kRelative) != 0; }

  // The payload, its first byte D0 included, without the datagram kind.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte or fewer than 14 bytes; bytes after the 14th are ignored.
  [[nodiscard]] static std::optional<CursorState> decode(ByteView payload);
};

// Client to host. Body of a control frame.
struct CursorRender {
  bool client_draws = false;  // true: the host leaves the cursor out of the video, as it does at first
  bool operator==(const CursorRender&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<CursorRender> decode(ByteView body);
};

}  // namespace punktfunk::wire
