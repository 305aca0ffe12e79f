// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>
#include <bit>
#include <chrono>

#include "abi/client.h"
#include "abi/failure.h"
#include "abi/structs.h"
#include "core/wire/features.h"

namespace punktfunk::abi {

namespace {

constexpr std::uint16_t kDefaultPort = 9777;
constexpr std::uint32_t kMostPixels = 16384;  // per side; what hardware decoders take at most
constexpr std::uint32_t kMostHz = 1000;
constexpr std::uint32_t kMostTimeoutMs = 10 * 60 * 1000;
constexpr std::uint32_t kMostFrames = 64;
constexpr std::uint32_t kMostAudio = 1024;
constexpr std::uint32_t kCodecs = wire::kCodecH264 | wire::kCodecHevc | wire::kCodecAv1;
constexpr std::uint64_t kFeatures = PUNKTFUNK_FEATURE_TEN_BIT | PUNKTFUNK_FEATURE_HDR |
                                    PUNKTFUNK_FEATURE_444 | PUNKTFUNK_FEATURE_SLICES |
                                    PUNKTFUNK_FEATURE_HOST_SPEAKERS;

punktfunk_result read_callbacks(const punktfunk_client_callbacks* given, punktfunk_client_callbacks& out) {
  if (given == nullptr) return PUNKTFUNK_OK;
  return read_struct(given, out);
}

punktfunk_result read_texts(const punktfunk_client_options& options, ClientSettings& out) {
  constexpr std::size_t kMostAddress = 63;  // IPv6 with a zone
  std::string host;
  if (!read_text(options.host, kMostAddress, "", host)) host.clear();
  const auto address = SocketAddress::parse(host, or_default(options.port, kDefaultPort));
  if (!address) return bad_argument("The host is missing or is no numeric IPv4 or IPv6 address.");
  out.host = *address;
  if (!read_text(options.device_name, wire::kMaxNameBytes, "punktfunk client", out.hello.name)) {
    return bad_argument("The device name has more than 64 bytes.");
  }
  if (!read_text(options.label, wire::kMaxLabelBytes, "", out.hello.client_label)) {
    return bad_argument("The label has more than 96 bytes.");
  }
  if (!read_text(options.launch, wire::kMaxLaunchBytes, "", out.hello.launch)) {
    return bad_argument("The name of the application to start has more than 128 bytes.");
  }
  return PUNKTFUNK_OK;
}

punktfunk_result read_wishes(const punktfunk_client_options& options, wire::ClientHello& hello) {
  hello.suites = {wire::kSuiteAes128Gcm};
  hello.mode = {or_default(options.width, 1920U), or_default(options.height, 1080U),
                or_default(options.refresh_hz, 60U)};
  if (hello.mode.width > kMostPixels || hello.mode.height > kMostPixels || hello.mode.refresh_hz > kMostHz) {
    return bad_argument("The mode is out of range: at most 16384x16384 at 1000 Hz.");
  }
  hello.bitrate_kbps = options.bitrate_kbps;
  const std::uint32_t codecs = or_default<std::uint32_t>(options.codecs, wire::kCodecH264);
  const std::uint32_t preferred = options.preferred_codec;
  if ((codecs & ~kCodecs) != 0 || (preferred & ~codecs) != 0 || std::popcount(preferred) > 1) {
    return bad_argument("A codec is unknown, or the preferred one is not among those that can be decoded.");
  }
  hello.video_codecs = static_cast<std::uint8_t>(codecs);
  hello.preferred_codec = static_cast<std::uint8_t>(preferred);
  const std::uint32_t channels = or_default(options.audio_channels, 2U);
  if (channels != 2 && channels != 6 && channels != 8) {
    return bad_argument("Audio has 2, 6 or 8 channels.");
  }
  hello.audio_channels = static_cast<std::uint8_t>(channels);
  if ((options.features & ~kFeatures) != 0) return bad_argument("A feature is unknown to this library.");
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if (((options.features >> bit) & 1U) != 0) hello.features.set(bit);
  }
  hello.features.set(wire::kClientProbeIndexSpace);
  hello.features.set(wire::kClientStreamedAu);
  hello.features.set(wire::kClientExtension);
  return PUNKTFUNK_OK;
}

}  // namespace

punktfunk_result read_settings(const punktfunk_client_options* given, ClientSettings& out) {
  punktfunk_client_options options;
  if (const auto rc = read_struct(given, options); rc != PUNKTFUNK_OK) return rc;
  if (options.identity == nullptr) return bad_argument("A client needs an identity, and none was given.");
  out.identity = options.identity->identity;
  if (options.host_fingerprint != nullptr) {
    out.pin.emplace();
    std::copy_n(options.host_fingerprint, out.pin->size(), out.pin->begin());
  }
  if (const auto rc = read_callbacks(options.callbacks, out.callbacks); rc != PUNKTFUNK_OK) return rc;
  if (const auto rc = read_texts(options, out); rc != PUNKTFUNK_OK) return rc;
  if (const auto rc = read_wishes(options, out.hello); rc != PUNKTFUNK_OK) return rc;
  if (options.connect_timeout_ms > kMostTimeoutMs) {
    return bad_argument("The time to connect is longer than 10 minutes.");
  }
  out.budget = std::chrono::milliseconds(or_default(options.connect_timeout_ms, 10'000U));
  if (options.frame_queue > kMostFrames || options.audio_queue > kMostAudio) {
    return bad_argument("A queue is too long: at most 64 frames and 1024 audio packets.");
  }
  out.frame_line = or_default(options.frame_queue, 8U);
  out.audio_line = or_default(options.audio_queue, 64U);
  return PUNKTFUNK_OK;
}

}  // namespace punktfunk::abi
