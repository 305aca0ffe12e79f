// SPDX-License-Identifier: MIT OR Apache-2.0
// The only place that names encoder backends.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "host/encode/encoder.h"
#include "host/encode/libavcodec_x264/tuning.h"
#include "host/encode/libavcodec_x264/x264_encoder.h"
#include "host/encode/synthetic/synthetic_encoder.h"

namespace punktfunk::host {
namespace {

constexpr std::uint32_t kLargestSide = 16384;

}  // namespace

Result<EncoderChoice> create_encoder(const EncoderConfig& config) {
  if (config.width == 0 || config.height == 0 || config.width > kLargestSide ||
      config.height > kLargestSide || config.refresh_num == 0 || config.refresh_den == 0)
    return fail(fmt::format(
        "No encoder was started, because {}x{} at {}/{} Hz is not a mode it can code; ask for 1x1 to {}x{} "
        "at 1 Hz or more.",
        config.width, config.height, config.refresh_num, config.refresh_den, kLargestSide, kLargestSide));
  if (config.codec != VideoCodec::h264)
    return fail("No encoder was started, because this host codes only H.264; have the client offer it.");
  const unsigned cores = config.cores != 0 ? config.cores : std::max(1u, std::thread::hardware_concurrency());
  auto encoder = create_x264_encoder(config, choose_x264_tuning(config, cores));
  if (!encoder) return tl::unexpected(encoder.error());
  std::string why = fmt::format("Encoding {}x{} with {}: the software encoder, on {} core{}.", config.width,
                                config.height, (*encoder)->describe(), cores, cores == 1 ? "" : "s");
  return EncoderChoice{std::move(*encoder), std::move(why)};
}

std::unique_ptr<VideoEncoder> create_synthetic_encoder(const SyntheticConfig& config) {
  return make_synthetic_encoder(config);
}

std::uint8_t encodable_codecs() {
  static const std::uint8_t mask = [] {
    EncoderConfig smallest;
    smallest.width = smallest.height = 64;
    smallest.cores = 1;
    return create_encoder(smallest) ? static_cast<std::uint8_t>(VideoCodec::h264) : std::uint8_t{0};
  }();
  return mask;
}

}  // namespace punktfunk::host
