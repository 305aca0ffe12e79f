// SPDX-License-Identifier: MIT OR Apache-2.0
// Access units from a hostile host into the client's decoder. Input: units, each after its length u16.
extern "C" {
#include <libavutil/log.h>
}
#include <spdlog/spdlog.h>

#include "client/decode/decoder.h"
#include "client/decode/h264_chain.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::client;
using fuzz::require;

namespace {

constexpr std::uint32_t kWidth = 64, kHeight = 48;
// Decoding is the slow part.
constexpr int kMaxUnits = 16;

// Every sample that may be shown is read, for the address sanitizer.
void look_at(const Picture& picture) {
  require(picture.width > 0 && picture.height > 0, "a picture has a size");
  require(std::uint64_t{picture.width} * picture.height <= 4u * kWidth * kHeight,
          "a picture keeps its bound");
  unsigned sum = 0;
  for (std::size_t plane = 0; plane < 3; ++plane) {
    const std::uint32_t width = plane == 0 ? picture.width : (picture.width + 1) / 2;
    const std::uint32_t height = plane == 0 ? picture.height : (picture.height + 1) / 2;
    for (std::size_t y = 0; y < height; ++y) {
      const std::uint8_t* row = picture.planes[plane] + y * picture.strides[plane];
      for (std::size_t x = 0; x < width; ++x) sum += row[x];
    }
  }
  // Never so large; without a use the loops would be left out.
  require(sum <= 255u * 6 * kWidth * kHeight, "samples are bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool quiet = [] {
    av_log_set_level(AV_LOG_QUIET);
    spdlog::set_level(spdlog::level::off);
    return true;
  }();
  (void)quiet;
  DecoderConfig config;
  config.width = kWidth;
  config.height = kHeight;
  config.threads = 1;
  auto decoder = create_decoder(config);
  require(decoder.has_value(), "there is a decoder");

  fuzz::Input input(data, size);
  H264Chain chain;
  for (int i = 0; i < kMaxUnits && !input.empty(); ++i) {
    const ByteView taken = input.take_bytes(input.take<std::uint16_t>());
    const Bytes au(taken.begin(), taken.end());
    (void)chain.push(au);
    const auto outcome = (*decoder)->push(au);
    require(outcome.status != DecodeStatus::fatal, "no unit ends the decoder");
    require((outcome.status == DecodeStatus::picture) != outcome.picture.empty(),
            "a picture is there or not");
    if (outcome.status == DecodeStatus::picture) look_at(outcome.picture);
  }
  return 0;
}
