// SPDX-License-Identifier: MIT OR Apache-2.0
// ClientHello and ServerHello (protocol sections 8.1 to 8.3).
//
// decode() gives effective values: the defaults for absent fields are filled in and values the tables say to
// read differently are already so. Both refuse a body in which any tag repeats, known or not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "core/wire/features.h"
#include "core/wire/hdr_meta.h"
#include "core/wire/mode.h"

namespace punktfunk::wire {

// Video codecs, one bit each.
inline constexpr std::uint8_t kCodecH264 = 1;
inline constexpr std::uint8_t kCodecHevc = 2;
inline constexpr std::uint8_t kCodecAv1 = 4;
inline constexpr std::uint8_t kCodecPyroWave = 8;

// Media cipher suites.
inline constexpr std::uint8_t kSuiteAes128Gcm = 0;
inline constexpr std::uint8_t kSuiteChaCha20Poly1305 = 1;

// Bits of ClientHello::abr_features.
inline constexpr std::uint8_t kReadsBitrateReason = 1;

inline constexpr std::uint8_t kFecGf8 = 0;
inline constexpr std::uint8_t kFecGf16 = 1;

inline constexpr std::uint8_t kChroma420 = 1;
inline constexpr std::uint8_t kChroma444 = 3;

inline constexpr std::uint8_t kAudioOpus = 0;
inline constexpr std::uint8_t kAudioPcm = 2;

inline constexpr std::uint8_t kLayoutLegacy = 0;
inline constexpr std::uint8_t kLayoutStandard = 1;
inline constexpr std::uint8_t kLayoutUncoupled = 2;

inline constexpr std::uint8_t kMaxGamepadKind = 18;

inline constexpr std::uint16_t kDefaultManagementPort = 47990;

// CICP primaries, transfer, matrix, full-range flag.
using Colour = std::array<std::uint8_t, 4>;
inline constexpr Colour kColourSdr = {1, 1, 1, 0};
inline constexpr Colour kColourHdr10 = {9, 16, 9, 0};

using SessionId = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxLaunchBytes = 128;
inline constexpr std::size_t kMaxLabelBytes = 96;
inline constexpr std::size_t kMaxProfileBytes = 64;
inline constexpr std::size_t kMaxPresetIdBytes = 32;
inline constexpr std::size_t kMaxPresetNameBytes = 64;

struct Preset {
  std::string id;  // 1 to kMaxPresetIdBytes of printable ASCII without space
  std::string name;
  bool operator==(const Preset&) const = default;
};

struct ClientLink {
  std::uint8_t interface_kind = 0;  // 0 unknown, 1 Ethernet, 2 Wi-Fi, 3 other
  std::uint32_t mbps = 0;
  bool operator==(const ClientLink&) const = default;
};

// A default-constructed one is what a plain client says apart from mode and name.
struct ClientHello {
  std::optional<SessionId> resume;
  Bytes suites;  // most wanted first; empty = nothing stated
  Mode mode;
  std::uint8_t compositor = 0;
  std::uint8_t gamepad = 0;
  std::uint32_t bitrate_kbps = 0;  // 0 = automatic
  std::string name;                // at most kMaxNameBytes, empty = none
  std::string launch;              // at most kMaxLaunchBytes, empty = none
  FeatureSet features;
  std::uint8_t audio_channels = 2;                                  // 2, 6 or 8
  std::uint8_t video_codecs = kCodecHevc;                           // bits
  std::uint8_t preferred_codec = 0;                                 // one bit, 0 = none
  std::optional<std::array<std::uint8_t, kHdrMetaBytes>> hdr_meta;  // an HdrMeta::value()
  std::uint16_t max_shard_payload = 9170;                           // 0 = nothing stated
  std::uint32_t audio_rate_hz = 48000;
  std::uint8_t audio_bits = 16;  // 16 or 24
  std::uint8_t audio_layout = kLayoutLegacy;
  std::uint8_t video_fit = 0;     // 0 fit, 1 crop, 2 stretch
  std::string client_label;       // program and version; at most kMaxLabelBytes
  std::uint8_t abr_features = 0;  // bit 0: reads the reason in BitrateChanged
  std::optional<Preset> preset;
  std::optional<ClientLink> link;
  std::string profile;  // at most kMaxProfileBytes, empty = none
  bool probe_only = false;
  std::uint16_t pyrowave_bpp_x100 = 0;
  bool access_only = false;

  bool operator==(const ClientHello&) const = default;

  // Body only, in the writing order of the reference. Strings longer than their bound are the caller's
  // mistake and read as absent at the other end.
  [[nodiscard]] Bytes encode() const;
  // nullopt = refuse.
  [[nodiscard]] static std::optional<ClientHello> decode(ByteView body);
};

struct ServerHello {
  SessionId session_id{};
  std::uint64_t clock_origin_ns = 0;  // Unix time at which the session clock reads 0
  std::optional<std::uint8_t> suite;  // always stated on UDP
  FeatureSet features;
  Mode mode;
  std::uint8_t fec_scheme = kFecGf16;  // kFecGf16, anything else is GF(2^8) and reads as kFecGf8
  std::uint8_t fec_percent = 0;
  std::uint16_t max_data_per_block = 0;  // K
  std::uint16_t shard_payload = 0;       // bytes
  std::uint32_t frames = 0;              // 0 = until closed
  std::uint8_t compositor = 0;
  std::uint8_t gamepad = 0;
  std::uint32_t bitrate_kbps = 0;
  std::uint8_t bit_depth = 8;
  Colour colour = kColourSdr;
  std::uint8_t chroma_format = kChroma420;
  std::uint8_t audio_channels = 2;
  std::uint8_t codec = kCodecHevc;
  std::uint16_t management_port = 0;  // 0 = kDefaultManagementPort
  std::uint32_t grants = 0xFF;
  std::uint32_t expires_in_seconds = 0;  // 0 = never
  std::uint8_t audio_codec = kAudioOpus;
  std::uint32_t audio_rate_hz = 48000;
  std::uint8_t audio_bits = 16;
  std::uint16_t audio_frame_us = 5000;
  std::uint8_t audio_layout = kLayoutLegacy;
  std::string profile;  // at most kMaxProfileBytes, empty = none

  bool operator==(const ServerHello&) const = default;

  [[nodiscard]] Bytes encode() const;
  // nullopt = refuse, also when tag 1 is absent. Values a client cannot use are left for check().
  [[nodiscard]] static std::optional<ServerHello> decode(ByteView body);

  // The client's checks of section 8.3: suite stated and known, K, shard size, layout. The error is a whole
  // sentence. The one check that is missing here is K + recovery(K, fec_percent) within the scheme's limit:
  // the recovery count belongs to core/fec, which lies beside this folder, so the caller of check() does it.
  [[nodiscard]] Result<void> check() const;
};

}  // namespace punktfunk::wire
