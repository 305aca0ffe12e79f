// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/wire/hello.h"

namespace punktfunk::apps {

// How a host lists this device: its host name, else `otherwise`.
[[nodiscard]] std::string device_name(const std::string& otherwise);

// What every client program says of itself; `program` is its label. The codecs are those this machine
// decodes; the mode and the bitrate are the caller's.
[[nodiscard]] wire::ClientHello client_hello(const std::string& program);

// "h264", "hevc", "av1" as the wire's bit; nullopt for anything else.
[[nodiscard]] std::optional<std::uint8_t> codec_bit(const std::string& name);
[[nodiscard]] const char* codec_name(std::uint8_t bit);

}  // namespace punktfunk::apps
