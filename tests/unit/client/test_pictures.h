// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "client/decode/decoder.h"
#include "client/picture/picture.h"
#include "host/convert/colour.h"
#include "host/encode/encoder.h"

namespace punktfunk::test {

struct Bgrx {
  Bytes bytes;
  std::uint32_t width, height;
  [[nodiscard]] host::BgrxView view() const {
    return {bytes.data(), static_cast<std::ptrdiff_t>(std::size_t{4} * width), width, height};
  }
  [[nodiscard]] std::uint8_t* at(std::uint32_t x, std::uint32_t y) {
    return bytes.data() + 4 * (std::size_t{y} * width + x);
  }
};

[[nodiscard]] Bgrx blank(std::uint32_t width, std::uint32_t height);
// Smooth, moves with `frame`.
[[nodiscard]] Bgrx moving_gradient(std::uint32_t width, std::uint32_t height, std::uint32_t frame);
// Random blocks that differ in every frame: more than any usual bit rate can carry.
[[nodiscard]] Bgrx busy(std::uint32_t width, std::uint32_t height, std::uint32_t frame);

[[nodiscard]] host::I420Buffer to_i420(const Bgrx& picture);
// Luma, over the visible part.
[[nodiscard]] double psnr(const host::I420View& sent, const client::Picture& got);

[[nodiscard]] host::EncoderConfig encoder_config(std::uint32_t width, std::uint32_t height,
                                                 std::uint64_t kbps = 10'000);
// Fail the test program when they cannot be made.
[[nodiscard]] std::unique_ptr<host::VideoEncoder> make_encoder(const host::EncoderConfig& config);
[[nodiscard]] std::unique_ptr<client::VideoDecoder> make_decoder(std::uint32_t width, std::uint32_t height);

// A copy of the unit, so that it outlives the next call.
struct Unit {
  Bytes au;
  bool keyframe;
};
[[nodiscard]] Unit encode(host::VideoEncoder& encoder, const host::I420Buffer& picture,
                          bool force_keyframe = false);

}  // namespace punktfunk::test
