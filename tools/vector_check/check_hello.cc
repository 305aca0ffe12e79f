// SPDX-License-Identifier: MIT OR Apache-2.0
// ClientHello and ServerHello. A vector may leave fields out; where the stated bytes then lack tags that a
// writer always writes, only the reading direction is compared.
#include <algorithm>

#include "core/wire/fields.h"
#include "core/wire/hello.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using wire::ClientHello;
using wire::ServerHello;

wire::FeatureSet features(const Object& in) {
  wire::FeatureSet set;
  if (in.has("features_bits")) {
    for (const std::uint64_t bit : in.numbers("features_bits", wire::FeatureSet::kBits - 1)) set.set(bit);
  }
  return set;
}

bool has_all(const Bytes& body, std::initializer_list<std::uint64_t> tags) {
  const auto table = wire::FieldTable::read(body, 27);
  return table && std::all_of(tags.begin(), tags.end(), [&](std::uint64_t tag) { return table->has(tag); });
}

template <std::unsigned_integral T>
void override(const Object& in, std::string_view key, T& value) {
  value = in.get<T>(key, value);
}

void override(const Object& in, std::string_view key, std::string& value) { value = in.text(key, value); }

void override(const Object& in, std::string_view key, wire::Mode& value) {
  if (in.has(key)) value = in.mode(key);
}

void override_flag(const Object& in, std::string_view key, bool& value) {
  if (in.has(key)) value = in.boolean(key);
}

void fill(const Object& in, ClientHello& hello) {
  if (in.has("resume")) hello.resume = in.array<16>("resume");
  if (in.has("suites")) {
    hello.suites.clear();
    for (const std::uint64_t suite : in.numbers("suites", 255))
      hello.suites.push_back(static_cast<std::uint8_t>(suite));
  }
  override(in, "mode", hello.mode);
  override(in, "compositor", hello.compositor);
  override(in, "gamepad", hello.gamepad);
  override(in, "bitrate_kbps", hello.bitrate_kbps);
  override(in, "name", hello.name);
  override(in, "launch", hello.launch);
  hello.features = features(in);
  override(in, "audio_channels", hello.audio_channels);
  override(in, "video_codecs", hello.video_codecs);
  override(in, "preferred_codec", hello.preferred_codec);
  if (in.has("hdr_meta")) hello.hdr_meta = in.array<wire::kHdrMetaBytes>("hdr_meta");
  override(in, "max_shard_payload", hello.max_shard_payload);
  override(in, "audio_rate_hz", hello.audio_rate_hz);
  override(in, "audio_bits", hello.audio_bits);
  override(in, "audio_layout", hello.audio_layout);
  override(in, "video_fit", hello.video_fit);
  override(in, "client_label", hello.client_label);
  override(in, "abr_features", hello.abr_features);
  override(in, "profile", hello.profile);
  override_flag(in, "probe_only", hello.probe_only);
  override(in, "pyrowave_bpp_x100", hello.pyrowave_bpp_x100);
  override_flag(in, "access_only", hello.access_only);
}

void fill(const Object& in, ServerHello& hello) {
  hello.session_id = in.array<16>("session_id");
  override(in, "clock_origin_ns", hello.clock_origin_ns);
  if (in.has("suite")) hello.suite = in.get<std::uint8_t>("suite");
  hello.features = features(in);
  override(in, "mode", hello.mode);
  override(in, "fec_scheme", hello.fec_scheme);
  override(in, "fec_percent", hello.fec_percent);
  override(in, "max_data_per_block", hello.max_data_per_block);
  override(in, "shard_payload", hello.shard_payload);
  override(in, "frames", hello.frames);
  override(in, "compositor", hello.compositor);
  override(in, "gamepad", hello.gamepad);
  override(in, "bitrate_kbps", hello.bitrate_kbps);
  override(in, "bit_depth", hello.bit_depth);
  if (in.has("color")) {
    const auto colour = in.numbers("color", 255);
    if (colour.size() != hello.colour.size()) throw BadVector("\"color\" is no list of four numbers");
    for (std::size_t i = 0; i < colour.size(); ++i) hello.colour[i] = static_cast<std::uint8_t>(colour[i]);
  }
  override(in, "chroma_format", hello.chroma_format);
  override(in, "audio_channels", hello.audio_channels);
  override(in, "codec", hello.codec);
  override(in, "mgmt_port", hello.management_port);
  override(in, "grants", hello.grants);
  override(in, "expires_in_secs", hello.expires_in_seconds);
  override(in, "audio_codec", hello.audio_codec);
  override(in, "audio_rate_hz", hello.audio_rate_hz);
  override(in, "audio_bits", hello.audio_bits);
  override(in, "audio_frame_us", hello.audio_frame_us);
  override(in, "audio_layout", hello.audio_layout);
  override(in, "profile", hello.profile);
}

template <class Hello>
void check_decoded(Run& run, const Bytes& body, const Hello& wanted) {
  const auto decoded = Hello::decode(body);
  run.expect_true("decoded", decoded.has_value());
  // Compared in encoded form, so that a mismatch can be read.
  if (decoded) run.expect("decoded, written again", to_hex(wanted.encode()), to_hex(decoded->encode()));
}

void check_refused_hello(Run& run, wire::FrameType type) {
  const wire::Frame frame = only_frame(run.inputs.bytes("hex"));
  run.expect("frame type", static_cast<std::uint64_t>(type), frame.type);
  const bool accepted = type == wire::FrameType::client_hello ? ClientHello::decode(frame.body).has_value()
                                                              : ServerHello::decode(frame.body).has_value();
  run.expect_result(accepted ? "accepted" : "refuse");
}

void check_client_hello(Run& run) {
  if (run.expected.has("result")) return check_refused_hello(run, wire::FrameType::client_hello);
  const wire::Frame frame = only_frame(run.expected.bytes("hex"));
  const bool complete = has_all(frame.body, {4, 5, 6, 10, 11, 12, 14, 15, 16, 17, 18});
  // Absent tags read as the protocol's defaults, which are not what a plain client writes.
  ClientHello hello = complete ? ClientHello() : ClientHello::decode({}).value();
  fill(run.inputs, hello);
  if (complete) {
    Bytes encoded;
    wire::append_frame(encoded, wire::FrameType::client_hello, hello.encode());
    run.expect_hex("hex", encoded);
  }
  run.expect_true("frame type", frame.is(wire::FrameType::client_hello));
  check_decoded(run, frame.body, hello);
}

void check_server_hello(Run& run) {
  if (run.expected.has("result")) return check_refused_hello(run, wire::FrameType::server_hello);
  const wire::Frame frame = only_frame(run.expected.bytes("hex"));
  const bool complete = has_all(frame.body, {2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
                                             15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26});
  ServerHello hello;
  if (!run.inputs.has("fec_scheme")) hello.fec_scheme = wire::kFecGf8;
  fill(run.inputs, hello);
  if (complete) {
    Bytes encoded;
    wire::append_frame(encoded, wire::FrameType::server_hello, hello.encode());
    run.expect_hex("hex", encoded);
  }
  run.expect_true("frame type", frame.is(wire::FrameType::server_hello));
  check_decoded(run, frame.body, hello);
}

}  // namespace

void register_hello(Registry& registry) {
  registry.add("messages", "frame/client_hello", check_client_hello);
  registry.add("messages", "frame/server_hello", check_server_hello);
}

}  // namespace punktfunk::vector_check
