// SPDX-License-Identifier: MIT OR Apache-2.0
// Control messages.
#include "core/wire/auth_messages.h"
#include "core/wire/clipboard.h"
#include "core/wire/cursor.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/pad_messages.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/session_messages.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using wire::FrameType;

// Wraps the check of a message so that a vector which states bytes to refuse works for every type.
template <class Message>
Check message(FrameType type, Message (*from_inputs)(const Object&)) {
  return [type, from_inputs](Run& run) {
    if (!run.expected.has("result")) return check_message(run, type, from_inputs(run.inputs));
    const wire::Frame frame = only_frame(run.inputs.bytes("hex"));
    run.expect("frame type", static_cast<std::uint64_t>(type), frame.type);
    run.expect_result(Message::decode(frame.body) ? "accepted" : "refuse");
  };
}

Check empty_message(FrameType type) {
  return [type](Run& run) {
    Bytes frame;
    wire::append_frame(frame, type, {});
    run.expect_hex("hex", frame);
    const wire::Frame read = only_frame(run.expected.bytes("hex"));
    run.expect("frame type", static_cast<std::uint64_t>(type), read.type);
    run.expect("body", std::string(), to_hex(read.body));
  };
}

wire::Refused refused(const Object& in) { return {in.get<std::uint32_t>("code"), in.text("reason", "")}; }

wire::PairRequest pair_request(const Object& in) {
  return {in.text("name"), in.array<33>("spake_a"), in.has("device_key") ? in.bytes("device_key") : Bytes()};
}

wire::PairChallenge pair_challenge(const Object& in) {
  return {in.array<33>("spake_b"), in.array<32>("confirm")};
}
wire::PairProof pair_proof(const Object& in) { return {in.array<32>("confirm")}; }
wire::PairResult pair_result(const Object& in) { return {in.boolean("ok")}; }

wire::StreamConfig stream_config(const Object& in) {
  wire::StreamConfig config;
  config.epoch = in.get<std::uint8_t>("epoch");
  config.mode = in.mode("mode");
  config.codec = in.get<std::uint8_t>("codec");
  config.bit_depth = in.get<std::uint8_t>("bit_depth", std::uint8_t{8});
  config.colour = wire::kColourSdr;
  if (in.has("color")) {
    const auto colour = in.numbers("color", 255);
    if (colour.size() != config.colour.size()) throw BadVector("\"color\" is no list of four numbers");
    for (std::size_t i = 0; i < colour.size(); ++i) config.colour[i] = static_cast<std::uint8_t>(colour[i]);
  }
  config.chroma_format = in.get<std::uint8_t>("chroma_format", std::uint8_t{1});
  config.host_interface_kind = in.get<std::uint8_t>("host_interface_kind", std::uint8_t{0});
  config.host_link_mbps = in.get<std::uint32_t>("host_link_mbps", std::uint32_t{0});
  config.host_send_buffer_kib = in.get<std::uint32_t>("host_send_buffer_kib", std::uint32_t{0});
  config.shape = in.get<std::uint8_t>("shape", std::uint8_t{0});
  return config;
}

wire::SetBitrate set_bitrate(const Object& in) { return {in.get<std::uint32_t>("bitrate_kbps")}; }

wire::BitrateChanged bitrate_changed(const Object& in) {
  wire::BitrateChanged changed{in.get<std::uint32_t>("bitrate_kbps"), std::nullopt};
  if (in.has("reason")) changed.reason = static_cast<wire::BitrateReason>(in.number("reason", 4));
  return changed;
}

wire::PipelineGap pipeline_gap(const Object& in) { return {in.get<std::uint32_t>("gap_ms")}; }
wire::Reconfigure reconfigure(const Object& in) { return {in.mode("mode")}; }
wire::Reconfigured reconfigured(const Object& in) { return {in.boolean("accepted"), in.mode("mode")}; }
wire::ShardPayload shard_payload(const Object& in) { return {in.get<std::uint16_t>("shard_payload")}; }
wire::ClockProbe clock_probe(const Object& in) { return {in.number("t1_ns")}; }

wire::ClockEcho clock_echo(const Object& in) {
  return {in.number("t1_ns"), in.number("t2_ns"), in.number("t3_ns")};
}

wire::Redirect redirect(const Object& in) {
  return {in.text("addr", ""),      in.get<std::uint16_t>("port"),
          in.text("profile", ""),   in.get<std::uint8_t>("seat_no"),
          in.text("seat_name", ""), in.text("occupant", ""),
          in.text("pin", "")};
}

wire::AudioConfig audio_config(const Object& in) {
  wire::AudioConfig config;
  config.stream = in.get<std::uint8_t>("stream");
  config.epoch = in.get<std::uint8_t>("epoch");
  config.codec = in.get<std::uint8_t>("codec");
  config.rate_hz = in.get<std::uint32_t>("rate_hz");
  config.bits = in.get<std::uint8_t>("bits");
  config.channels = in.get<std::uint8_t>("channels");
  config.layout = in.get<std::uint8_t>("layout");
  config.frame_us = in.get<std::uint16_t>("frame_us");
  config.redundant = in.boolean("redundant");
  return config;
}

wire::ProbeRequest probe_request(const Object& in) {
  return {in.get<std::uint32_t>("target_kbps"), in.get<std::uint32_t>("duration_ms"),
          in.get<std::uint16_t>("burst_hz"), in.get<std::uint32_t>("group_bytes"),
          in.get<std::uint32_t>("group_rate_kbps")};
}

// "all" sets every number at once.
wire::ProbeResult probe_result(const Object& in) {
  const auto all = in.get<std::uint32_t>("all", std::uint32_t{0});
  return {in.get<std::uint64_t>("bytes_sent", std::uint64_t{all}), in.get<std::uint32_t>("packets_sent", all),
          in.get<std::uint32_t>("duration_ms", all), in.get<std::uint32_t>("wire_packets_sent", all),
          in.get<std::uint32_t>("send_dropped", all)};
}

wire::AccessUpdate access_update(const Object& in) {
  return {in.get<std::uint32_t>("grants"), in.get<std::uint32_t>("remaining_secs")};
}

wire::LaunchOutcome launch_outcome(const Object& in) {
  return {in.get<std::uint8_t>("kind"), in.text("message")};
}
wire::AudioState audio_state(const Object& in) { return {in.boolean("muted")}; }
wire::CursorRender cursor_render(const Object& in) { return {in.boolean("client_draws")}; }

wire::CursorShape cursor_shape(const Object& in) {
  return {in.get<std::uint32_t>("serial"), in.get<std::uint16_t>("w"),     in.get<std::uint16_t>("h"),
          in.get<std::uint16_t>("hot_x"),  in.get<std::uint16_t>("hot_y"), in.bytes("rgba")};
}

wire::AuthChallenge auth_challenge(const Object& in) { return {in.array<32>("nonce")}; }
wire::AuthResponse auth_response(const Object& in) { return {in.bytes("device_key"), in.bytes("signature")}; }

wire::ClipControl clip_control(const Object& in) {
  return {in.boolean("enabled"), in.get<std::uint8_t>("flags")};
}

wire::ClipState clip_state(const Object& in) {
  return {in.boolean("enabled"), in.get<std::uint8_t>("policy"), in.get<std::uint8_t>("reason")};
}

// Calls `pair` with each entry of a list of pairs, as an object of "first" and "second".
template <class Pair>
void read_pairs(const Object& in, std::string_view key, Pair pair) {
  const Json& list = in.at(key);
  if (!list.is_array()) throw BadVector("a list of pairs is no list");
  for (const Json& entry : list) {
    if (!entry.is_array() || entry.size() != 2) throw BadVector("an entry of a list of pairs is no pair");
    const Json named = {{"first", entry[0]}, {"second", entry[1]}};
    pair(Object(named, "pairs"));
  }
}

wire::ClipOffer clip_offer(const Object& in) {
  wire::ClipOffer offer;
  offer.seq = in.get<std::uint32_t>("seq");
  read_pairs(in, "kinds", [&](const Object& kind) {
    offer.kinds.push_back({kind.text("first"), kind.number("second")});
  });
  return offer;
}

wire::ClipFetch clip_fetch(const Object& in) {
  return {in.get<std::uint32_t>("seq"), in.get<std::uint32_t>("file_index"), in.text("mime")};
}

wire::ClipFetchHeader clip_fetch_header(const Object& in) {
  return {in.get<std::uint8_t>("status"), in.number("total_size")};
}

wire::PadSlots pad_slots(const Object& in) { return {in.get<std::uint16_t>("slots")}; }

wire::PadIdentity pad_identity(const Object& in) {
  wire::PadIdentity identity;
  identity.pad = in.get<std::uint8_t>("pad");
  identity.serial = in.text("serial");
  identity.slot = in.get<std::uint8_t>("slot");
  read_pairs(in, "replies", [&](const Object& pair) {
    identity.replies.push_back({pair.bytes("first"), pair.bytes("second")});
  });
  return identity;
}

wire::PadFeature pad_feature(const Object& in) { return {in.get<std::uint8_t>("pad"), in.bytes("data")}; }

}  // namespace

void register_messages(Registry& registry) {
  registry.add("messages", "frame/ready", empty_message(FrameType::ready));
  registry.add("messages", "frame/pending", empty_message(FrameType::pending));
  registry.add("messages", "frame/refused", message(FrameType::refused, refused));
  registry.add("messages", "frame/pair_request", message(FrameType::pair_request, pair_request));
  registry.add("messages", "frame/pair_challenge", message(FrameType::pair_challenge, pair_challenge));
  registry.add("messages", "frame/pair_proof", message(FrameType::pair_proof, pair_proof));
  registry.add("messages", "frame/pair_result", message(FrameType::pair_result, pair_result));
  registry.add("messages", "frame/stream_config", message(FrameType::stream_config, stream_config));
  registry.add("messages", "frame/set_bitrate", message(FrameType::set_bitrate, set_bitrate));
  registry.add("messages", "frame/bitrate_changed", message(FrameType::bitrate_changed, bitrate_changed));
  registry.add("messages", "frame/pipeline_gap", message(FrameType::pipeline_gap, pipeline_gap));
  registry.add("messages", "frame/reconfigure", message(FrameType::reconfigure, reconfigure));
  registry.add("messages", "frame/reconfigured", message(FrameType::reconfigured, reconfigured));
  registry.add("messages", "frame/shard_payload_changed",
               message(FrameType::shard_payload_changed, shard_payload));
  registry.add("messages", "frame/shard_payload_ack", message(FrameType::shard_payload_ack, shard_payload));
  registry.add("messages", "frame/clock_probe", message(FrameType::clock_probe, clock_probe));
  registry.add("messages", "frame/clock_echo", message(FrameType::clock_echo, clock_echo));
  registry.add("messages", "frame/redirect", message(FrameType::redirect, redirect));
  registry.add("messages", "frame/audio_config", message(FrameType::audio_config, audio_config));
  registry.add("messages", "frame/audio_state", message(FrameType::audio_state, audio_state));
  registry.add("messages", "frame/probe_request", message(FrameType::probe_request, probe_request));
  registry.add("messages", "frame/probe_result", message(FrameType::probe_result, probe_result));
  registry.add("messages", "frame/access_update", message(FrameType::access_update, access_update));
  registry.add("messages", "frame/launch_outcome", message(FrameType::launch_outcome, launch_outcome));
  registry.add("messages", "frame/cursor_render", message(FrameType::cursor_render, cursor_render));
  registry.add("messages", "frame/cursor_shape", message(FrameType::cursor_shape, cursor_shape));
  registry.add("messages", "frame/auth_challenge", message(FrameType::auth_challenge, auth_challenge));
  registry.add("messages", "frame/auth_response", message(FrameType::auth_response, auth_response));
  registry.add("messages", "frame/clip_control", message(FrameType::clip_control, clip_control));
  registry.add("messages", "frame/clip_state", message(FrameType::clip_state, clip_state));
  registry.add("messages", "frame/clip_offer", message(FrameType::clip_offer, clip_offer));
  registry.add("messages", "frame/clip_fetch", message(FrameType::clip_fetch, clip_fetch));
  registry.add("messages", "frame/clip_fetch_hdr", message(FrameType::clip_fetch_header, clip_fetch_header));
  registry.add("messages", "frame/pad_slots", message(FrameType::pad_slots, pad_slots));
  registry.add("messages", "frame/pad_identity", message(FrameType::pad_identity, pad_identity));
  registry.add("messages", "frame/pad_feature", message(FrameType::pad_feature, pad_feature));
}

}  // namespace punktfunk::vector_check
