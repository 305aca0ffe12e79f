// SPDX-License-Identifier: MIT OR Apache-2.0
#include "common/clock_blocks.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace punktfunk::clock_blocks {
namespace {

Content example() { return {0x0123456789abcdef, {1279, 719, 5, 200, 40000}, 513, 0xfedcba987654}; }

void expect_same(const std::optional<Content>& got, const Content& want) {
  ASSERT_TRUE(got);
  EXPECT_EQ(got->drawn_ns, want.drawn_ns);
  EXPECT_EQ(got->pointer, want.pointer);
  EXPECT_EQ(got->key_presses, want.key_presses);
  EXPECT_EQ(got->key_history, want.key_history);
}

struct Size {
  std::uint32_t width;
  std::uint32_t height;
};

TEST(ClockBlocks, AreReadBackAtEverySize) {
  for (const Size size : {Size{128, 64}, Size{200, 90}, Size{320, 240}, Size{1921, 1081}}) {
    std::vector<std::uint32_t> pixels(std::size_t{size.width} * size.height, 0xff808080u);
    draw(example(), pixels.data(), size.width, size.width, size.height);
    const auto* const green = reinterpret_cast<const std::uint8_t*>(pixels.data()) + 1;
    expect_same(read(green, static_cast<std::ptrdiff_t>(size.width) * 4, size.width, size.height, 4),
                example());
  }
}

TEST(ClockBlocks, SurviveNoise) {
  constexpr std::uint32_t kWidth = 640;
  constexpr std::uint32_t kHeight = 64;
  std::vector<std::uint32_t> pixels(std::size_t{kWidth} * kHeight);
  draw(example(), pixels.data(), kWidth, kWidth, kHeight);
  std::mt19937 random(1);
  std::vector<std::uint8_t> luma(pixels.size());
  for (std::size_t i = 0; i < luma.size(); ++i)
    luma[i] = static_cast<std::uint8_t>((pixels[i] & 0xff) != 0 ? 255 - random() % 100 : random() % 100);
  expect_same(read(luma.data(), kWidth, kWidth, kHeight), example());
}

TEST(ClockBlocks, OneWrongBlockIsNoticed) {
  constexpr std::uint32_t kWidth = 128;
  constexpr std::uint32_t kHeight = 16;
  for (std::uint32_t block = 0; block < kRows * kColumns; ++block) {
    std::vector<std::uint32_t> pixels(std::size_t{kWidth} * kHeight);
    draw(example(), pixels.data(), kWidth, kWidth, kHeight);
    const std::uint32_t size = block_size(kWidth, kHeight);
    for (std::uint32_t y = 0; y < size; ++y)
      for (std::uint32_t x = 0; x < size; ++x)
        pixels[(block / kColumns * size + y) * kWidth + block % kColumns * size + x] ^= 0xffffff;
    const auto* const green = reinterpret_cast<const std::uint8_t*>(pixels.data()) + 1;
    EXPECT_FALSE(read(green, kWidth * 4, kWidth, kHeight, 4)) << "block " << block;
  }
}

TEST(ClockBlocks, NoRoomMeansNothingIsDrawnOrRead) {
  EXPECT_EQ(block_size(127, 100), 0u);
  EXPECT_EQ(block_size(1280, 39), 0u);
  std::vector<std::uint32_t> pixels(std::size_t{100} * 10, 7);
  draw(example(), pixels.data(), 100, 100, 10);
  EXPECT_EQ(pixels, std::vector<std::uint32_t>(std::size_t{100} * 10, 7));
  EXPECT_FALSE(read(reinterpret_cast<const std::uint8_t*>(pixels.data()), 400, 100, 10, 4));
}

TEST(ClockBlocks, KeyHistoryDependsOnOrder) {
  KeyState one;
  KeyState other;
  one.press(30);
  one.press(31);
  other.press(31);
  other.press(30);
  EXPECT_EQ(one.presses, other.presses);
  EXPECT_NE(one.history48(), other.history48());
}

}  // namespace
}  // namespace punktfunk::clock_blocks
