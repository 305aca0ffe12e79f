// SPDX-License-Identifier: MIT OR Apache-2.0
// What the test pattern shows below its blocks: pure functions of the frame number, so that a picture can be
// told from its neighbours by eye and by encoders.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/clock_blocks.h"

namespace punktfunk {

struct Canvas {
  std::uint32_t* pixels;  // XRGB8888
  std::size_t stride;     // pixels
  std::uint32_t width;
  std::uint32_t height;
};

// A scrolling texture, a bar that moves at a constant speed in time, `busy_percent` of the height at the
// bottom with fresh noise, and the blocks.
void draw_scene(const Canvas& canvas, const clock_blocks::Content& content, std::uint64_t frame,
                int busy_percent);

}  // namespace punktfunk
