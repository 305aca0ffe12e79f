// SPDX-License-Identifier: MIT OR Apache-2.0
// Varints, frames as such, stream types, feature bits, datagrams as such, demultiplexing, limits, key codes
// and grants.
#include "core/wire/clock_datagram.h"
#include "core/wire/demux.h"
#include "core/wire/features.h"
#include "core/wire/grants.h"
#include "core/wire/key_codes.h"
#include "core/wire/limits.h"
#include "core/wire/varint.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

void check_varint(Run& run) {
  if (run.inputs.has("value")) {
    const std::uint64_t value = run.inputs.number("value", wire::kMaxVarint);
    Bytes out;
    wire::append_varint(out, value);
    run.expect_hex("hex", out);
    if (run.expected.has("length")) run.expect("length", run.expected.number("length"), out.size());
    const auto back = wire::read_varint(run.expected.bytes("hex"));
    run.expect("value read back", value, back ? back->value : UINT64_MAX);
    return;
  }
  const Bytes bytes = run.inputs.bytes("hex");
  const auto read = wire::read_varint(bytes);
  if (run.expected.has("result"))
    return run.expect_result(read ? "value " + std::to_string(read->value) : "incomplete");
  run.expect("value", std::to_string(run.expected.number("value")),
             read ? std::to_string(read->value) : "incomplete");
  if (run.expected.has("length"))
    run.expect("length", run.expected.number("length"), read ? read->length : 0);
}

void expect_frame(Run& run, const Object& wanted, const wire::Frame& got) {
  run.expect("type", wanted.number("type"), got.type);
  run.expect("body", wanted.text("body"), to_hex(got.body));
}

void check_unknown_frame(Run& run) {
  wire::FrameParser parser;
  parser.push(run.inputs.bytes("hex"));
  wire::Frame frame;
  for (const char* part : {"skipped", "then"}) {
    run.expect_true(std::string(part) + ": a frame", parser.next(frame) == wire::FrameParser::Status::frame);
    expect_frame(run, Object(run.expected.at(part), part), frame);
  }
  run.expect("bytes left", 0, parser.buffered());
}

void check_long_frame(Run& run) {
  run.expected.prose("result");
  wire::FrameParser parser;
  parser.push(run.inputs.bytes("hex"));
  wire::Frame frame;
  run.expect_true("stream error", parser.next(frame) == wire::FrameParser::Status::too_long);
  if (!parser.violation()) return;
  run.expect("type", run.expected.number("type"), parser.violation()->type);
  run.expect("length", run.expected.number("length"), parser.violation()->length);
  run.expect("bound", run.expected.number("bound"), wire::body_bound(parser.violation()->type));
}

Check stream_prefix(wire::StreamType type) {
  return [type](Run& run) {
    Bytes out;
    wire::append_varint(out, static_cast<std::uint64_t>(type));
    run.expect_hex("hex", out);
    const Bytes stated = run.expected.bytes("hex");
    const auto read = wire::read_varint(stated);
    run.expect("type read back", static_cast<std::uint64_t>(type), read ? read->value : UINT64_MAX);
    run.expect("bytes read", stated.size(), read ? read->length : 0);
  };
}

void check_features(Run& run) {
  if (run.inputs.has("bits")) {
    wire::FeatureSet set;
    for (const std::uint64_t bit : run.inputs.numbers("bits", wire::FeatureSet::kBits - 1)) set.set(bit);
    run.expect_hex("hex", set.encode());
    run.expect_true("decoded equals the inputs", wire::FeatureSet::decode(run.expected.bytes("hex")) == set);
    return;
  }
  const auto set = wire::FeatureSet::decode(run.inputs.bytes("hex"));
  Json bits = Json::array();
  for (std::size_t bit = 0; bit < wire::FeatureSet::kBits; ++bit) {
    if (set.has(bit)) bits.push_back(bit);
  }
  run.expect("bits", run.expected.at("bits").dump(), bits.dump());
}

void check_demux(Run& run) {
  const Bytes first = run.inputs.bytes("first_byte");
  if (first.empty()) throw BadVector("the first byte is missing");
  run.expect("to", run.expected.text("to"),
             wire::classify(first[0]) == wire::DatagramClass::media ? "media" : "quic");
}

bool is_accepted(ByteView bytes) {
  const auto datagram = wire::parse_datagram(bytes);
  if (!datagram) return false;
  return datagram->kind != wire::DatagramKind::clock ||
         wire::ClockDatagram::decode(datagram->payload).has_value();
}

void check_datagram(Run& run) {
  const Bytes bytes = run.inputs.bytes("datagram");
  if (run.expected.has("result")) return run.expect_result(is_accepted(bytes) ? "accepted" : "drop");
  const auto datagram = wire::parse_datagram(bytes);
  run.expect("media", run.expected.text("media"),
             datagram && datagram->kind == wire::DatagramKind::media ? to_hex(datagram->payload) : "drop");
}

void check_clock_datagram(Run& run) {
  if (run.expected.has("result")) return check_datagram(run);
  wire::ClockDatagram clock{run.inputs.number("t1_ns"), std::nullopt};
  if (run.inputs.has("t2_ns")) clock.echo = {run.inputs.number("t2_ns"), run.inputs.number("t3_ns")};
  check_payload(run, wire::DatagramKind::clock, clock);
}

void check_frame_limit(Run& run) {
  const auto limit = wire::max_frame_bytes(run.inputs.get<std::uint32_t>("bitrate_kbps"),
                                           run.inputs.get<std::uint32_t>("refresh_hz"));
  run.expect("max_frame_bytes", run.expected.number("max_frame_bytes"), limit);
}

void check_keys(Run& run) {
  run.inputs.prose("index");
  run.expected.prose("all_others");  // null: none
  const Json& wanted = run.expected.at("vk_by_evdev");
  if (!wanted.is_object()) throw BadVector("\"vk_by_evdev\" is no table");
  const Object table(wanted, "keys");
  for (std::uint16_t evdev = 0; evdev < 256; ++evdev) {
    const std::string key = std::to_string(evdev);
    const auto vk = wire::evdev_to_vk(evdev);
    run.expect("evdev " + key, table.has(key) ? std::to_string(table.number(key)) : "none",
               vk ? std::to_string(*vk) : "none");
    if (!vk) continue;
    // The flag in the top bit is stripped on the way back.
    run.expect("evdev of " + std::to_string(*vk), evdev, wire::vk_to_evdev(*vk | 0x80000000U).value_or(0));
  }
}

const char* level_name(wire::AccessLevel level) {
  switch (level) {
    case wire::AccessLevel::view:
      return "view";
    case wire::AccessLevel::controller:
      return "controller";
    case wire::AccessLevel::full:
      return "full";
    case wire::AccessLevel::custom:
      return "custom";
  }
  return "unknown";
}

void check_grants(Run& run) {
  const auto masks = run.inputs.numbers("masks", UINT32_MAX);
  const auto wanted = run.expected.numbers("normalized");
  run.expect("number of masks", wanted.size(), masks.size());
  for (std::size_t i = 0; i < masks.size() && i < wanted.size(); ++i) {
    run.expect("mask " + std::to_string(masks[i]), wanted[i],
               wire::normalize_grants(static_cast<std::uint32_t>(masks[i])));
  }
  if (!run.expected.has("level")) return;
  const Json& levels = run.expected.at("level");
  run.expect("number of levels", levels.size(), masks.size());
  for (std::size_t i = 0; i < masks.size() && i < levels.size(); ++i) {
    run.expect("level of mask " + std::to_string(masks[i]), levels[i].dump(),
               Json(level_name(wire::access_level(static_cast<std::uint32_t>(masks[i])))).dump());
  }
}

}  // namespace

wire::Frame only_frame(const Bytes& bytes) {
  wire::FrameParser parser;
  parser.push(bytes);
  wire::Frame frame;
  if (parser.next(frame) != wire::FrameParser::Status::frame || parser.buffered() != 0) {
    throw BadVector("the bytes stated are not exactly one control frame");
  }
  return frame;
}

void expect_payload(Run& run, wire::DatagramKind kind, ByteView payload) {
  run.expect_hex_if_stated("hex", payload);
  run.expect_hex_if_stated("datagram", wire::make_datagram(kind, payload));
  if (run.expected.has("length")) run.expect("length", run.expected.number("length"), payload.size());
}

Bytes stated_payload(const Run& run, wire::DatagramKind kind) {
  if (!run.expected.has("datagram")) return run.expected.bytes("hex");
  const Bytes bytes = run.expected.bytes("datagram");
  const auto datagram = wire::parse_datagram(bytes);
  if (!datagram || datagram->kind != kind) throw BadVector("the datagram stated is not of its kind");
  return {datagram->payload.begin(), datagram->payload.end()};
}

void register_framing(Registry& registry) {
  registry.add("framing.varint", "", check_varint);
  registry.add("messages", "frame/unknown-type", check_unknown_frame);
  registry.add("messages", "frame/body-over-bound", check_long_frame);
  registry.add("streams", "stream/control-prefix", stream_prefix(wire::StreamType::control));
  registry.add("streams", "stream/transfer-prefix", stream_prefix(wire::StreamType::transfer));
  registry.add("features", "", check_features);
  registry.add("transport.demux", "", check_demux);
  registry.add("datagrams", "", check_datagram);
  registry.add("datagrams", "datagram/clock", check_clock_datagram);
  registry.add("media.limits", "", check_frame_limit);
  registry.add("input.keys", "", check_keys);
  registry.add("access", "access/grant-normalization", check_grants);
}

}  // namespace punktfunk::vector_check
