// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers a program can read back from a picture, however often it was encoded on the way: rows of 64 black
// or white blocks at the top left, one 64-bit number a row, bit 63 first. The test pattern draws them;
// whoever has the decoded picture knows from it when it was drawn and what input had arrived.
//
//   row 0  magic "PUNKTFNK"
//   row 1  CLOCK_MONOTONIC in ns when the picture was drawn
//   row 2  pointer: x 16 ‖ y 16 ‖ buttons held 8 ‖ scroll events 8 ‖ button presses 16, from the top bit down
//   row 3  keys: presses 16 ‖ low 48 bits of the FNV-1a-64 of the pressed evdev codes in order, two bytes LE
//   each row 4  FNV-1a-64 of rows 1-3, eight bytes BE each
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace punktfunk::clock_blocks {

inline constexpr std::uint64_t kMagic = 0x50554E4B54464E4B;
inline constexpr std::uint32_t kRows = 5;
inline constexpr std::uint32_t kColumns = 64;
// A picture narrower or lower than this has no room for the blocks.
inline constexpr std::uint32_t kMinWidth = 128;

// Side of a block in pixels: even, so that blocks cover whole chroma samples; 8 fills an encoder's smallest
// transform. 0 = no room.
[[nodiscard]] constexpr std::uint32_t block_size(std::uint32_t width, std::uint32_t height) {
  const std::uint32_t size = std::min(8u, 2 * (width / kMinWidth));
  return size * kRows <= height ? size : 0;
}

inline constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
[[nodiscard]] constexpr std::uint64_t fnv1a(std::uint64_t hash, std::uint8_t byte) {
  return (hash ^ byte) * 0x100000001b3u;
}

struct PointerState {
  std::uint16_t x = 0;  // pixels, in the window
  std::uint16_t y = 0;
  std::uint8_t buttons = 0;  // bit n = evdev button BTN_LEFT + n
  std::uint8_t scrolls = 0;  // scroll events since the start, modulo 256
  std::uint16_t clicks = 0;  // button presses since the start, modulo 65536
  bool operator==(const PointerState&) const = default;
};

struct KeyState {
  std::uint16_t presses = 0;          // since the start, modulo 65536
  std::uint64_t history = kFnvBasis;  // low 48 bits count

  constexpr void press(std::uint16_t evdev_code) {
    ++presses;
    history = fnv1a(fnv1a(history, static_cast<std::uint8_t>(evdev_code)),
                    static_cast<std::uint8_t>(evdev_code >> 8));
  }
  [[nodiscard]] constexpr std::uint64_t history48() const { return history & 0xffff'ffff'ffffu; }
};

struct Content {
  std::uint64_t drawn_ns = 0;  // CLOCK_MONOTONIC
  PointerState pointer;
  std::uint16_t key_presses = 0;
  std::uint64_t key_history = 0;  // 48 bits
};

using Rows = std::array<std::uint64_t, kRows>;

[[nodiscard]] constexpr std::uint64_t checksum(const Rows& rows) {
  std::uint64_t hash = kFnvBasis;
  for (std::size_t row = 1; row <= 3; ++row)
    for (int shift = 56; shift >= 0; shift -= 8)
      hash = fnv1a(hash, static_cast<std::uint8_t>(rows[row] >> shift));
  return hash;
}

[[nodiscard]] constexpr Rows pack(const Content& content) {
  const PointerState& at = content.pointer;
  Rows rows{kMagic, content.drawn_ns};
  rows[2] = std::uint64_t{at.x} << 48 | std::uint64_t{at.y} << 32 | std::uint64_t{at.buttons} << 24 |
            std::uint64_t{at.scrolls} << 16 | at.clicks;
  rows[3] = std::uint64_t{content.key_presses} << 48 | (content.key_history & 0xffff'ffff'ffffu);
  rows[4] = checksum(rows);
  return rows;
}

// nullopt when the magic or the checksum is wrong.
[[nodiscard]] constexpr std::optional<Content> unpack(const Rows& rows) {
  if (rows[0] != kMagic || rows[4] != checksum(rows)) return std::nullopt;
  Content out;
  out.drawn_ns = rows[1];
  out.pointer.x = static_cast<std::uint16_t>(rows[2] >> 48);
  out.pointer.y = static_cast<std::uint16_t>(rows[2] >> 32);
  out.pointer.buttons = static_cast<std::uint8_t>(rows[2] >> 24);
  out.pointer.scrolls = static_cast<std::uint8_t>(rows[2] >> 16);
  out.pointer.clicks = static_cast<std::uint16_t>(rows[2]);
  out.key_presses = static_cast<std::uint16_t>(rows[3] >> 48);
  out.key_history = rows[3] & 0xffff'ffff'ffffu;
  return out;
}

// Draws the blocks into XRGB8888 pixels; nothing when there is no room. `stride` in pixels, at least `width`.
inline void draw(const Content& content, std::uint32_t* pixels, std::size_t stride, std::uint32_t width,
                 std::uint32_t height) {
  const std::uint32_t size = block_size(width, height);
  const Rows rows = pack(content);
  for (std::uint32_t row = 0; row < kRows && size > 0; ++row) {
    std::uint32_t* const first = pixels + std::size_t{row} * size * stride;
    for (std::uint32_t column = 0; column < kColumns; ++column) {
      const bool white = (rows[row] >> (kColumns - 1 - column) & 1) != 0;
      std::fill_n(first + column * size, size, white ? 0xffffffffu : 0xff000000u);
    }
    for (std::uint32_t line = 1; line < size; ++line)
      std::copy_n(first, kColumns * size, first + line * stride);
  }
}

// Reads the blocks from one byte a sample, brighter is larger: a luma plane (sample_step 1), or the green
// bytes of BGRx (pointer + 1, sample_step 4). `stride` in bytes; `width` and `height` of the picture as it
// was drawn. The mean of the four middle samples of each block decides, so ringing at block edges does not
// matter. nullopt = no blocks here, or damaged ones.
[[nodiscard]] inline std::optional<Content> read(const std::uint8_t* samples, std::ptrdiff_t stride,
                                                 std::uint32_t width, std::uint32_t height,
                                                 std::ptrdiff_t sample_step = 1) {
  constexpr unsigned kThreshold = 4 * 128;  // black is 0 or 16, white 255 or 235
  const std::uint32_t size = block_size(width, height);
  if (size == 0) return std::nullopt;
  Rows rows{};
  for (std::uint32_t row = 0; row < kRows; ++row) {
    const std::uint8_t* const line =
        samples + stride * static_cast<std::ptrdiff_t>(row * size + size / 2 - 1);
    for (std::uint32_t column = 0; column < kColumns; ++column) {
      const std::uint8_t* const at =
          line + sample_step * static_cast<std::ptrdiff_t>(column * size + size / 2 - 1);
      const unsigned sum = unsigned{at[0]} + at[sample_step] + at[stride] + at[stride + sample_step];
      rows[row] = rows[row] << 1 | (sum >= kThreshold ? 1u : 0u);
    }
    if (row == 0 && rows[0] != kMagic) return std::nullopt;
  }
  return unpack(rows);
}

}  // namespace punktfunk::clock_blocks
