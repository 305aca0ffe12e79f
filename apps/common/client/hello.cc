// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/common/client/hello.h"

#include <unistd.h>

#include "client/decode/decoder.h"

namespace punktfunk::apps {

std::string device_name(const std::string& otherwise) {
  char name[wire::kMaxNameBytes] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : otherwise;
}

wire::ClientHello client_hello(const std::string& program) {
  wire::ClientHello hello;
  hello.suites = {wire::kSuiteAes128Gcm};
  hello.name = device_name(program);
  hello.client_label = program;
  hello.features.set(wire::kClientHostTiming);
  hello.features.set(wire::kClientProbeIndexSpace);
  hello.features.set(wire::kClientStreamedAu);
  hello.features.set(wire::kClientSlices);
  hello.features.set(wire::kClientExtension);
  hello.features.set(wire::kStreamConfig);
  hello.video_codecs = client::decodable_codecs();
  hello.preferred_codec = wire::kCodecH264;
  hello.audio_layout = wire::kLayoutLegacy;
  return hello;
}

std::optional<std::uint8_t> codec_bit(const std::string& name) {
  if (name == "h264") return wire::kCodecH264;
  if (name == "hevc") return wire::kCodecHevc;
  if (name == "av1") return wire::kCodecAv1;
  return std::nullopt;
}

const char* codec_name(std::uint8_t bit) {
  switch (bit) {
    case wire::kCodecH264:
      return "h264";
    case wire::kCodecHevc:
      return "hevc";
    case wire::kCodecAv1:
      return "av1";
    default:
      return "unknown";
  }
}

}  // namespace punktfunk::apps
