// SPDX-License-Identifier: MIT OR Apache-2.0
#include "test_pattern/scene.h"

#include <algorithm>

namespace punktfunk {
namespace {

// splitmix64's step: eight noise bytes for two multiplications.
std::uint64_t noise(std::uint64_t& state) {
  std::uint64_t x = state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Colour tiles of 32 pixels with a gradient inside, moved left by `shift`.
void draw_texture_line(std::uint32_t* line, std::uint32_t width, std::uint32_t y, std::uint32_t shift) {
  for (std::uint32_t x = 0; x < width; ++x) {
    const std::uint32_t u = x + shift;
    const std::uint32_t tile = (u >> 5) * 7 + (y >> 5) * 13;
    const std::uint32_t red = 64 + (tile * 37 & 127);
    const std::uint32_t green = 48 + (tile * 59 & 127) + (u & 31);
    const std::uint32_t blue = 64 + (tile * 83 & 127) + (y & 31);
    line[x] = 0xff000000u | red << 16 | green << 8 | blue;
  }
}

}  // namespace

void draw_scene(const Canvas& canvas, const clock_blocks::Content& content, std::uint64_t frame,
                int busy_percent) {
  const std::uint32_t top =
      std::min(clock_blocks::block_size(canvas.width, canvas.height) * clock_blocks::kRows, canvas.height);
  const auto noisy =
      static_cast<std::uint32_t>(std::uint64_t{canvas.height - top} *
                                 static_cast<std::uint32_t>(std::clamp(busy_percent, 0, 100)) / 100);
  const std::uint32_t noise_from = canvas.height - noisy;
  // Speeds follow time, not the number of frames: 120 and 240 pixels a second whatever the refresh rate.
  const std::uint64_t milliseconds = content.drawn_ns / 1'000'000;
  const auto shift = static_cast<std::uint32_t>(milliseconds * 120 / 1000 % 65536);
  const auto bar = static_cast<std::uint32_t>(milliseconds * 240 / 1000 % canvas.width);
  const std::uint32_t bar_end = std::min(bar + 16, canvas.width);

  // The texture repeats every 128 lines, so each of them is computed once and copied.
  for (std::uint32_t y = 0; y < noise_from; ++y) {
    std::uint32_t* const line = canvas.pixels + std::size_t{y} * canvas.stride;
    if (y >= 128) {
      std::copy_n(canvas.pixels + std::size_t{y - 128} * canvas.stride, canvas.width, line);
      continue;
    }
    draw_texture_line(line, canvas.width, y, shift);
    std::fill(line + bar, line + bar_end, 0xffffffffu);
  }
  std::uint64_t state = frame;
  for (std::uint32_t y = noise_from; y < canvas.height; ++y) {
    std::uint32_t* const line = canvas.pixels + std::size_t{y} * canvas.stride;
    for (std::uint32_t x = 0; x + 1 < canvas.width; x += 2) {
      const std::uint64_t value = noise(state);
      line[x] = 0xff000000u | static_cast<std::uint32_t>(value);
      line[x + 1] = 0xff000000u | static_cast<std::uint32_t>(value >> 32);
    }
  }
  clock_blocks::draw(content, canvas.pixels, canvas.stride, canvas.width, canvas.height);
}

}  // namespace punktfunk
