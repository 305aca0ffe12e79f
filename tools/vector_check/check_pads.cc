// SPDX-License-Identifier: MIT OR Apache-2.0
// Controllers and pens: rich input, sequence numbers, rumble, HID output.
#include "core/wire/gamepad.h"
#include "core/wire/hid_output.h"
#include "core/wire/pen.h"
#include "core/wire/rich_input.h"
#include "core/wire/rumble.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

// Both directions, and the reader that goes by the kind byte.
template <class Message, class AnyKind>
void check_kind(Run& run, wire::DatagramKind kind, const Message& message, AnyKind decode_any) {
  check_payload(run, kind, message);
  const auto any = decode_any(stated_payload(run, kind));
  run.expect_true("decoded by its kind byte", any && std::holds_alternative<Message>(*any));
  if (any && std::holds_alternative<Message>(*any))
    run.expect_true("decoded by its kind byte equals the inputs", std::get<Message>(*any) == message);
}

template <class Message>
Check rich(Message (*from_inputs)(const Object&)) {
  return [from_inputs](Run& run) {
    check_kind(run, wire::DatagramKind::input_state, from_inputs(run.inputs), wire::decode_rich_input);
  };
}

template <class Message>
Check hid(Message (*from_inputs)(const Object&)) {
  return [from_inputs](Run& run) {
    check_kind(run, wire::DatagramKind::hid_output, from_inputs(run.inputs), wire::decode_hid_output);
  };
}

std::uint8_t pad(const Object& in) { return in.get<std::uint8_t>("pad"); }

// A list of three signed numbers.
std::array<std::int16_t, 3> axes(const Object& in, std::string_view key) {
  const Json& list = in.at(key);
  if (!list.is_array() || list.size() != 3) throw BadVector("an axis list has not three entries");
  std::array<std::int16_t, 3> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Json entry = {{"axis", list[i]}};
    out[i] = Object(entry, "axes").get_signed<std::int16_t>("axis");
  }
  return out;
}

wire::TouchpadContact touchpad(const Object& in) {
  return {pad(in), in.get<std::uint8_t>("finger"), in.boolean("active"), in.get<std::uint16_t>("x"),
          in.get<std::uint16_t>("y")};
}

wire::PadMotion motion(const Object& in) { return {pad(in), axes(in, "gyro"), axes(in, "accel")}; }

wire::TouchpadExtended touchpad_extended(const Object& in) {
  return {pad(in),
          in.get<std::uint8_t>("surface"),
          in.get<std::uint8_t>("finger"),
          in.get<std::uint8_t>("state"),
          in.get_signed<std::int16_t>("x"),
          in.get_signed<std::int16_t>("y"),
          in.get<std::uint16_t>("pressure")};
}

// A number, or the word that stands for the value of a pen which does not measure it.
template <class T>
T known_or(const Object& in, std::string_view key, T unknown) {
  return in.at(key) == "unknown" ? unknown : in.get<T>(key);
}

wire::PenBatch pen(const Object& in) {
  if (in.number("flags") != 0 || in.number("count") != 1)
    throw BadVector("only one sample without flags is known");
  wire::PenSample sample;
  sample.state = in.get<std::uint8_t>("state");
  sample.tool = in.get<std::uint8_t>("tool");
  sample.x = static_cast<float>(in.real("x"));
  sample.y = static_cast<float>(in.real("y"));
  sample.pressure = in.get<std::uint16_t>("pressure");
  sample.distance = known_or(in, "distance", wire::PenSample::kUnknown);
  sample.tilt = known_or(in, "tilt", wire::PenSample::kUnknownTilt);
  sample.azimuth = known_or(in, "azimuth", wire::PenSample::kUnknown);
  sample.roll = in.get<std::uint16_t>("roll");
  sample.dt_us = in.get<std::uint16_t>("dt_us");
  return {in.get<std::uint16_t>("seq"), {sample}};
}

void check_sequence(Run& run) {
  wire::PadSequences sequences;
  run.expect_true("the first is taken", sequences.take(0, run.inputs.get<std::uint8_t>("last")));
  run.expect_bool("newer", run.expected.boolean("newer"),
                  sequences.take(0, run.inputs.get<std::uint8_t>("seq")));
}

void check_rumble(Run& run) {
  const Object& in = run.inputs;
  const auto number = in.get<std::uint16_t>("pad");
  wire::Rumble rumble;
  if (in.has("stop")) {
    if (!in.boolean("stop")) throw BadVector("\"stop\" is false");
    rumble = wire::Rumble::stop(number, in.get<std::uint8_t>("seq"));
    run.expect_true("is a stop", rumble.is_stop());
  } else {
    rumble = {number, in.get<std::uint16_t>("low"), in.get<std::uint16_t>("high"), std::nullopt,
              std::nullopt};
    if (in.has("seq")) rumble.lifetime = {in.get<std::uint8_t>("seq"), in.get<std::uint16_t>("ttl_ms")};
    if (in.has("left_trigger"))
      rumble.triggers = {in.get<std::uint16_t>("left_trigger"), in.get<std::uint16_t>("right_trigger")};
  }
  check_payload(run, wire::DatagramKind::rumble, rumble);
}

wire::LightBar light_bar(const Object& in) {
  const auto rgb = in.numbers("rgb", 255);
  if (rgb.size() != 3) throw BadVector("\"rgb\" is no list of three numbers");
  return {pad(in), static_cast<std::uint8_t>(rgb[0]), static_cast<std::uint8_t>(rgb[1]),
          static_cast<std::uint8_t>(rgb[2])};
}

wire::PlayerLeds player_leds(const Object& in) { return {pad(in), in.get<std::uint8_t>("bits")}; }

wire::TriggerEffect trigger(const Object& in) {
  return {pad(in), in.get<std::uint8_t>("which"), in.bytes("effect")};
}

wire::TrackpadHaptic trackpad_haptic(const Object& in) {
  return {pad(in), in.get<std::uint8_t>("side"), in.get<std::uint16_t>("amplitude"),
          in.get<std::uint16_t>("period"), in.get<std::uint16_t>("count")};
}

wire::RawReport raw(const Object& in) { return {pad(in), in.get<std::uint8_t>("kind"), in.bytes("data")}; }

wire::AudioControl audio_control(const Object& in) {
  wire::AudioControl control{in.get<std::uint16_t>("pad"), in.get<std::uint8_t>("flags"), {}};
  const auto bytes = in.numbers("raw", 255);
  if (bytes.size() != control.raw.size()) throw BadVector("\"raw\" is no list of six numbers");
  for (std::size_t i = 0; i < bytes.size(); ++i) control.raw[i] = static_cast<std::uint8_t>(bytes[i]);
  return control;
}

wire::MicrophoneLed microphone_led(const Object& in) { return {pad(in), in.get<std::uint8_t>("mode")}; }

}  // namespace

void register_pads(Registry& registry) {
  registry.add("input.gamepad", "input/pad-seq/", check_sequence);
  registry.add("input.rich", "rich/touchpad", rich(touchpad));
  registry.add("input.rich", "rich/motion", rich(motion));
  registry.add("input.rich", "rich/touchpad_ex", rich(touchpad_extended));
  registry.add("input.rich", "rich/pen", rich(pen));
  registry.add("host_events", "rumble/", check_rumble);
  registry.add("host_events", "hid/led", hid(light_bar));
  registry.add("host_events", "hid/player", hid(player_leds));
  registry.add("host_events", "hid/trigger", hid(trigger));
  registry.add("host_events", "hid/trackpad_haptic", hid(trackpad_haptic));
  registry.add("host_events", "hid/raw", hid(raw));
  registry.add("host_events", "hid/audio_ctl", hid(audio_control));
  registry.add("host_events", "hid/mic_led", hid(microphone_led));
}

}  // namespace punktfunk::vector_check
