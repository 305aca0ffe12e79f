// SPDX-License-Identifier: MIT OR Apache-2.0
// Measured on two shared cores of an AMD EPYC, 1280x720@60, 2 slices, scrolling text beside a moving
// gradient. Times are medians of encode / decode in ms while the machine was otherwise quiet, at 8.5 Mbit/s
// (veryfast at 10); luma PSNR:
//
//                          time         8.5 Mbit/s   5 Mbit/s
//   ultrafast              3.8 / 0.9    32.9 dB      24.1 dB
//   ultrafast with CABAC   4.0 / 1.4    36.2 dB      27.5 dB
//   superfast              5.7 / 1.8    32.5 dB      24.5 dB
//   veryfast               8.1 / 1.9    33.6 dB
//
// superfast costs more than ultrafast with CABAC and has the lower PSNR, so it is not used. A slice more
// shortens the wait but splits the one-frame budget: at 5 Mbit/s 4 slices used 71 % of the rate and lost 3 dB
// against 2.
#include "host/encode/libavcodec_x264/tuning.h"

#include <algorithm>

namespace punktfunk::host {
namespace {

constexpr double kPixelsPerSlice = 450'000;  // 720p gets 2 slices, 1080p 4, 2160p the most
constexpr unsigned kMostSlices = 8;
constexpr double kCabacNsPerPixel = 5.5;  // one thread, from the table's machine
constexpr double kShareOfInterval =
    0.2;  // of the frame interval that encoding may take where there is a choice
// Below this CABAC's 3 dB are worth more than its time, which shrinks with the bits it codes.
constexpr double kFewBitsPerPixel = 0.1;
// With fewer cores the desktop, and maybe the client, wait for the same ones.
constexpr unsigned kEnoughCores = 4;

}  // namespace

X264Tuning choose_x264_tuning(const EncoderConfig& config, unsigned cores) {
  const double pixels = static_cast<double>(config.width) * static_cast<double>(config.height);
  const double refresh = static_cast<double>(config.refresh_num) / static_cast<double>(config.refresh_den);
  const auto wanted = static_cast<unsigned>(std::clamp(pixels / kPixelsPerSlice, 1.0, double{kMostSlices}));
  X264Tuning tuning;
  tuning.slices = std::clamp(cores, 1u, wanted);
  const double cabac_seconds = pixels * kCabacNsPerPixel * 1e-9 / tuning.slices;
  const double bits_per_pixel = static_cast<double>(config.bitrate.bits_per_second) / (pixels * refresh);
  tuning.cabac = bits_per_pixel < kFewBitsPerPixel ||
                 (cores >= kEnoughCores && cabac_seconds <= kShareOfInterval / refresh);
  return tuning;
}

}  // namespace punktfunk::host
