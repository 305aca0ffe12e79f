// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/hello.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "core/wire/fields.h"
#include "core/wire/grants.h"
#include "core/wire/media_header.h"

namespace punktfunk::wire {
namespace {

std::uint8_t usable_channels(std::uint8_t channels) {
  return channels == 6 || channels == 8 ? channels : std::uint8_t{2};
}
std::uint8_t usable_bits(std::uint8_t bits) { return bits == 24 ? bits : std::uint8_t{16}; }
std::uint8_t known_gamepad(std::uint8_t kind) { return kind > kMaxGamepadKind ? std::uint8_t{0} : kind; }

std::uint8_t known_codec(std::uint8_t codec) {
  const bool known =
      codec == kCodecH264 || codec == kCodecHevc || codec == kCodecAv1 || codec == kCodecPyroWave;
  return known ? codec : kCodecHevc;
}

std::uint32_t supported_rate(std::uint32_t hz) {
  constexpr std::array<std::uint32_t, 5> kRates = {44100, 48000, 88200, 96000, 176400};
  return std::find(kRates.begin(), kRates.end(), hz) != kRates.end() ? hz : 48000;
}

std::uint16_t usable_frame_us(std::uint16_t us) {
  if (us == 0) return 5000;
  return std::max<std::uint16_t>(us, 1000);
}

// Strings of the hello whose bad form reads as none.
std::string text_or_none(const FieldTable& fields, std::uint64_t tag, std::size_t max_bytes) {
  std::string text;
  return fields.get(tag, text, max_bytes) ? text : std::string();
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<Preset> read_preset(ByteView value) {
  if (value.empty()) return std::nullopt;
  const std::size_t id_length = value[0];
  if (id_length == 0 || id_length > kMaxPresetIdBytes || value.size() < 2 + id_length) return std::nullopt;
  const ByteView id = value.subspan(1, id_length);
  if (!std::all_of(id.begin(), id.end(), [](std::uint8_t c) { return c > ' ' && c < 0x7F; }))
    return std::nullopt;
  const std::size_t name_length = value[1 + id_length];
  const ByteView name = value.subspan(2 + id_length);
  if (name_length > kMaxPresetNameBytes || name.size() != name_length) return std::nullopt;
  if (!is_valid_utf8(as_text(name))) return std::nullopt;
  return Preset{std::string(as_text(id)), std::string(as_text(name))};
}

Bytes preset_bytes(const Preset& preset) {
  Bytes out;
  out.push_back(static_cast<std::uint8_t>(preset.id.size()));
  append(out, as_bytes(preset.id));
  out.push_back(static_cast<std::uint8_t>(preset.name.size()));
  append(out, as_bytes(preset.name));
  return out;
}

}  // namespace

Bytes ClientHello::encode() const {
  FieldWriter out;
  if (resume) out.bytes(1, *resume);
  if (!suites.empty()) out.bytes(2, suites);
  out.mode(3, mode).integer(4, compositor).integer(5, gamepad).integer(6, bitrate_kbps);
  if (!name.empty()) out.text(7, name);
  if (!launch.empty()) out.text(8, launch);
  if (const Bytes bits = features.encode(); !bits.empty()) out.bytes(9, bits);
  out.integer(10, audio_channels).integer(11, video_codecs).integer(12, preferred_codec);
  if (hdr_meta) out.bytes(13, *hdr_meta);
  out.integer(14, max_shard_payload).integer(15, audio_rate_hz).integer(16, audio_bits);
  out.integer(17, audio_layout).integer(18, video_fit);
  if (!client_label.empty()) out.text(19, client_label);
  if (abr_features != 0) out.integer(20, abr_features);
  if (preset) out.bytes(21, preset_bytes(*preset));
  if (link) {
    Bytes value{link->interface_kind};
    append_le(value, link->mbps);
    out.bytes(22, value);
  }
  if (probe_only) out.boolean(24, true);
  if (pyrowave_bpp_x100 != 0) out.integer(25, pyrowave_bpp_x100);
  if (!profile.empty()) out.text(23, profile);
  if (access_only) out.boolean(26, true);
  return out.take();
}

std::optional<ClientHello> ClientHello::decode(ByteView body) {
  const auto fields = FieldTable::read(body, 26, Repeats::refuse_any);
  if (!fields) return std::nullopt;
  const FieldTable& in = *fields;

  // What absence means, where that differs from what a plain client says.
  ClientHello hello;
  hello.video_codecs = 0;
  hello.max_shard_payload = 0;
  hello.audio_rate_hz = 0;

  if (in.has(1)) hello.resume.emplace();
  if (hello.resume && !in.get(1, *hello.resume)) return std::nullopt;
  hello.suites.assign(in.value(2).begin(), in.value(2).end());
  const bool numbers_fit = in.get(3, hello.mode) && in.get(4, hello.compositor) && in.get(5, hello.gamepad) &&
                           in.get(6, hello.bitrate_kbps) && in.get(10, hello.audio_channels) &&
                           in.get(11, hello.video_codecs) && in.get(12, hello.preferred_codec) &&
                           in.get(14, hello.max_shard_payload) && in.get(15, hello.audio_rate_hz) &&
                           in.get(16, hello.audio_bits) && in.get(17, hello.audio_layout) &&
                           in.get(18, hello.video_fit) && in.get(25, hello.pyrowave_bpp_x100);
  if (!numbers_fit) return std::nullopt;
  hello.name = text_or_none(in, 7, kMaxNameBytes);
  hello.launch = text_or_none(in, 8, kMaxLaunchBytes);
  hello.features = FeatureSet::decode(in.value(9));
  if (in.value(13).size() == kHdrMetaBytes) {
    hello.hdr_meta.emplace();
    std::copy(in.value(13).begin(), in.value(13).end(), hello.hdr_meta->begin());
  }
  hello.client_label = clean_text(as_text(in.value(19)), kMaxLabelBytes);
  if (!in.value(20).empty()) hello.abr_features = in.value(20)[0];
  hello.preset = read_preset(in.value(21));
  if (const ByteView link = in.value(22); link.size() == 5) {
    hello.link = ClientLink{link[0], load_le<std::uint32_t>(link.data() + 1)};
  }
  hello.profile = text_or_none(in, 23, kMaxProfileBytes);
  hello.probe_only = in.has(24);
  hello.access_only = !in.value(26).empty() && in.value(26)[0] == 1;

  hello.gamepad = known_gamepad(hello.gamepad);
  hello.audio_channels = usable_channels(hello.audio_channels);
  if (hello.video_codecs == 0) hello.video_codecs = kCodecHevc;
  if (hello.audio_rate_hz == 0) hello.audio_rate_hz = 48000;
  hello.audio_bits = usable_bits(hello.audio_bits);
  return hello;
}

Bytes ServerHello::encode() const {
  FieldWriter out;
  out.bytes(1, session_id).integer(2, clock_origin_ns);
  if (suite) out.integer(3, *suite);
  out.bytes(4, features.encode()).mode(5, mode);
  out.integer(6, fec_scheme).integer(7, fec_percent).integer(8, max_data_per_block).integer(9, shard_payload);
  out.integer(10, frames).integer(11, compositor).integer(12, gamepad).integer(13, bitrate_kbps);
  out.integer(14, bit_depth).bytes(15, colour).integer(16, chroma_format).integer(17, audio_channels);
  out.integer(18, codec).integer(19, management_port).integer(20, grants).integer(21, expires_in_seconds);
  out.integer(22, audio_codec).integer(23, audio_rate_hz).integer(24, audio_bits).integer(25, audio_frame_us);
  out.integer(26, audio_layout);
  if (!profile.empty()) out.text(27, profile);
  return out.take();
}

std::optional<ServerHello> ServerHello::decode(ByteView body) {
  const auto fields = FieldTable::read(body, 27, Repeats::refuse_any);
  if (!fields || !fields->has(1)) return std::nullopt;
  const FieldTable& in = *fields;
  ServerHello hello;
  hello.fec_scheme = kFecGf8;
  if (in.has(3)) hello.suite.emplace(std::uint8_t{0});
  if (hello.suite && !in.get(3, *hello.suite)) return std::nullopt;
  const bool fit =
      in.get(1, hello.session_id) && in.get(2, hello.clock_origin_ns) && in.get(5, hello.mode) &&
      in.get(6, hello.fec_scheme) && in.get(7, hello.fec_percent) && in.get(8, hello.max_data_per_block) &&
      in.get(9, hello.shard_payload) && in.get(10, hello.frames) && in.get(11, hello.compositor) &&
      in.get(12, hello.gamepad) && in.get(13, hello.bitrate_kbps) && in.get(14, hello.bit_depth) &&
      in.get(15, hello.colour) && in.get(16, hello.chroma_format) && in.get(17, hello.audio_channels) &&
      in.get(18, hello.codec) && in.get(19, hello.management_port) && in.get(20, hello.grants) &&
      in.get(21, hello.expires_in_seconds) && in.get(22, hello.audio_codec) &&
      in.get(23, hello.audio_rate_hz) && in.get(24, hello.audio_bits) && in.get(25, hello.audio_frame_us) &&
      in.get(26, hello.audio_layout);
  if (!fit) return std::nullopt;
  hello.features = FeatureSet::decode(in.value(4));
  hello.profile = text_or_none(in, 27, kMaxProfileBytes);

  if (hello.fec_scheme != kFecGf16) hello.fec_scheme = kFecGf8;
  hello.gamepad = known_gamepad(hello.gamepad);
  if (hello.chroma_format != kChroma444) hello.chroma_format = kChroma420;
  hello.audio_channels = usable_channels(hello.audio_channels);
  hello.codec = known_codec(hello.codec);
  hello.grants = normalize_grants(hello.grants);
  hello.audio_rate_hz = supported_rate(hello.audio_rate_hz);
  hello.audio_bits = usable_bits(hello.audio_bits);
  hello.audio_frame_us = usable_frame_us(hello.audio_frame_us);
  return hello;
}

Result<void> ServerHello::check() const {
  const std::string refused = "The session was not started because the host ";
  const std::string update = "; update the older of the two programs.";
  if (!suite) return fail(refused + "named no media cipher suite" + update);
  if (*suite != kSuiteAes128Gcm && *suite != kSuiteChaCha20Poly1305) {
    return fail(refused + "chose media cipher suite " + std::to_string(*suite) +
                ", which this client does not have" + update);
  }
  if (max_data_per_block == 0) return fail(refused + "stated blocks of no data shards" + update);
  if (shard_payload % 2 != 0 || shard_payload < kMinShard || shard_payload > kMaxShard) {
    return fail(refused + "stated shards of " + std::to_string(shard_payload) +
                " bytes, and only even sizes from 512 to 9170 are possible" + update);
  }
  if (audio_layout > kLayoutUncoupled) {
    return fail(refused + "chose audio layout " + std::to_string(audio_layout) +
                ", which this client does not have" + update);
  }
  return {};
}

}  // namespace punktfunk::wire
