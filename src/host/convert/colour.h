// SPDX-License-Identifier: MIT OR Apache-2.0
// From what a compositor renders (BGRx) to what an encoder takes (I420, BT.709, limited range).
//
// Odd sizes: H.264 4:2:0 can neither code nor crop an odd number of luma samples (crop units are 2,
// H.264 7.4.2.1.1), so the buffer is the size rounded up to even, the extra column and row repeating the last
// real ones. The client, which knows the negotiated mode, cuts them off again; the picture shown is exactly
// the mode.
//
// Chroma siting: left (MPEG-2 style), which is what H.264 means when it signals nothing: chroma sample i sits
// on luma column 2i, between luma rows 2i and 2i+1. Columns are therefore filtered 1:2:1 around 2i, rows
// averaged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace punktfunk::host {

// XRGB8888 in little-endian memory order: B, G, R, ignored. Not owned. A negative stride reads bottom-up
// (data = first byte of the top row in either case).
struct BgrxView {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  // bytes
  std::uint32_t width = 0;    // pixels
  std::uint32_t height = 0;
};

// Not owned. width and height are even; chroma planes are half of each.
struct I420View {
  std::array<const std::uint8_t*, 3> planes{};  // Y, U, V
  std::array<std::size_t, 3> strides{};         // bytes
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// One picture's memory, allocated once per mode and written again for each frame. Rows start at 64-byte
// boundaries.
class I420Buffer {
 public:
  I420Buffer() = default;
  // The content's size, 1..16384 each; the planes hold it rounded up to even. Starts black.
  I420Buffer(std::uint32_t content_width, std::uint32_t content_height);

  [[nodiscard]] I420View view() const;
  [[nodiscard]] std::uint8_t* plane(std::size_t index) { return planes_[index]; }
  [[nodiscard]] std::size_t stride(std::size_t index) const { return strides_[index]; }
  [[nodiscard]] std::uint32_t content_width() const { return content_width_; }
  [[nodiscard]] std::uint32_t content_height() const { return content_height_; }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t[], Free> memory_;
  std::array<std::uint8_t*, 3> planes_{};
  std::array<std::size_t, 3> strides_{};
  std::uint32_t content_width_ = 0;
  std::uint32_t content_height_ = 0;
};

// Converts the whole picture. `out` must have been made for exactly this width and height (checked: false,
// and `out` untouched, when it was not). Any thread; no state.
[[nodiscard]] bool convert_bgrx_to_i420(const BgrxView& in, I420Buffer& out);

// The same for the rows [first_row, first_row + rows) only, e.g. the damaged ones; widened to the chroma rows
// they touch.
[[nodiscard]] bool convert_bgrx_rows_to_i420(const BgrxView& in, std::uint32_t first_row, std::uint32_t rows,
                                             I420Buffer& out);

}  // namespace punktfunk::host
