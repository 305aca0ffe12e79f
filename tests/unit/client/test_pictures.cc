// SPDX-License-Identifier: MIT OR Apache-2.0
#include "test_pictures.h"

#include <cmath>
#include <stdexcept>

namespace punktfunk::test {

Bgrx blank(std::uint32_t width, std::uint32_t height) {
  return {Bytes(std::size_t{4} * width * height), width, height};
}

Bgrx moving_gradient(std::uint32_t width, std::uint32_t height, std::uint32_t frame) {
  Bgrx picture = blank(width, height);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint8_t* p = picture.at(x, y);
      // Triangle waves: no hard edge where a ramp would wrap.
      const auto wave = [](std::uint32_t v) {
        return static_cast<std::uint8_t>((v & 256) != 0 ? 255 - v % 256 : v % 256);
      };
      p[0] = wave((x + 3 * frame) / 2);
      p[1] = wave((y + 2 * frame) / 2);
      p[2] = wave((x + y + frame) / 3);
    }
  }
  return picture;
}

Bgrx busy(std::uint32_t width, std::uint32_t height, std::uint32_t frame) {
  Bgrx picture = blank(width, height);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint32_t hash = (x / 4) * 0x9e3779b1u ^ (y / 4) * 0x85ebca77u ^ frame * 0xc2b2ae3du;
      hash = (hash ^ (hash >> 15)) * 0x2c1b3c6du;
      hash ^= hash >> 13;
      std::uint8_t* p = picture.at(x, y);
      for (unsigned c = 0; c < 3; ++c) p[c] = static_cast<std::uint8_t>(hash >> (8 * c));
    }
  }
  return picture;
}

host::I420Buffer to_i420(const Bgrx& picture) {
  host::I420Buffer out(picture.width, picture.height);
  if (!host::convert_bgrx_to_i420(picture.view(), out)) throw std::logic_error("conversion refused");
  return out;
}

double psnr(const host::I420View& sent, const client::Picture& got) {
  double sum = 0;
  for (std::uint32_t y = 0; y < got.height; ++y) {
    for (std::uint32_t x = 0; x < got.width; ++x) {
      const int d = sent.planes[0][y * sent.strides[0] + x] - got.planes[0][y * got.strides[0] + x];
      sum += d * d;
    }
  }
  const double mean = sum / (static_cast<double>(got.width) * got.height);
  return mean == 0 ? 99 : 10 * std::log10(255.0 * 255.0 / mean);
}

host::EncoderConfig encoder_config(std::uint32_t width, std::uint32_t height, std::uint64_t kbps) {
  host::EncoderConfig config;
  config.width = width;
  config.height = height;
  config.bitrate = BitRate::from_kbps(kbps);
  return config;
}

std::unique_ptr<host::VideoEncoder> make_encoder(const host::EncoderConfig& config) {
  auto choice = host::create_encoder(config);
  if (!choice) throw std::runtime_error(choice.error().message);
  return std::move(choice->encoder);
}

std::unique_ptr<client::VideoDecoder> make_decoder(std::uint32_t width, std::uint32_t height) {
  auto decoder = client::create_decoder({client::VideoCodec::h264, width, height, 0});
  if (!decoder) throw std::runtime_error(decoder.error().message);
  return std::move(*decoder);
}

Unit encode(host::VideoEncoder& encoder, const host::I420Buffer& picture, bool force_keyframe) {
  const auto frame = encoder.encode(picture.view(), force_keyframe);
  if (!frame) throw std::runtime_error(frame.error().message);
  return {Bytes(frame->au.begin(), frame->au.end()), frame->keyframe};
}

}  // namespace punktfunk::test
