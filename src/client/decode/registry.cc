// SPDX-License-Identifier: MIT OR Apache-2.0
// The only place that names decoder backends.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "client/decode/decoder.h"
#include "client/decode/libavcodec/libavcodec_decoder.h"

namespace punktfunk::client {
namespace {

constexpr std::uint32_t kLargestSide = 16384;
constexpr unsigned kMostThreads = 8;

}  // namespace

Result<std::unique_ptr<VideoDecoder>> create_decoder(const DecoderConfig& config) {
  if (config.width == 0 || config.height == 0 || config.width > kLargestSide || config.height > kLargestSide)
    return fail(fmt::format(
        "No decoder was started, because the mode {}x{} is not between 1x1 and {}x{}; ask for another.",
        config.width, config.height, kLargestSide, kLargestSide));
  if (config.codec != VideoCodec::h264)
    return fail(
        "No decoder was started, because this client decodes only H.264; have it offer nothing else.");
  const unsigned threads = config.threads != 0 ? config.threads : std::thread::hardware_concurrency();
  return create_libavcodec_decoder(config, std::clamp(threads, 1u, kMostThreads));
}

std::uint8_t decodable_codecs() {
  static const std::uint8_t mask = [] {
    DecoderConfig smallest;
    smallest.width = smallest.height = 64;
    smallest.threads = 1;
    return create_decoder(smallest) ? static_cast<std::uint8_t>(VideoCodec::h264) : std::uint8_t{0};
  }();
  return mask;
}

}  // namespace punktfunk::client
