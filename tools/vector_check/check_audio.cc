// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/audio.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

void check_packet(Run& run) {
  const wire::AudioPacket packet{run.inputs.get<std::uint8_t>("tag", wire::kOpusByte),
                                 run.inputs.get<std::uint32_t>("seq"), run.inputs.number("pts_ns"),
                                 run.inputs.bytes("payload")};
  check_payload(run, wire::DatagramKind::audio, packet);
}

void check_redundant(Run& run) {
  if (run.expected.has("result")) {
    return run.expect_result(wire::RedundantAudio::decode(run.inputs.bytes("hex")) ? "accepted" : "drop");
  }
  const wire::RedundantAudio audio{run.inputs.get<std::uint32_t>("seq"), run.inputs.number("pts_ns"),
                                   run.inputs.bytes("primary"), run.inputs.bytes("previous")};
  check_payload(run, wire::DatagramKind::audio, audio);
}

void check_pad(Run& run) {
  const wire::PadAudio audio{run.inputs.get<std::uint8_t>("pad"), run.inputs.get<std::uint8_t>("kind"),
                             run.inputs.get<std::uint32_t>("seq"), run.inputs.number("pts_ns"),
                             run.inputs.bytes("payload")};
  check_payload(run, wire::DatagramKind::audio, audio);
}

void check_ladder(Run& run) {
  const auto frame = wire::longest_pcm_frame(
      run.inputs.get<std::uint32_t>("rate_hz"), run.inputs.get<std::uint8_t>("bits"),
      run.inputs.get<std::uint8_t>("channels"), run.inputs.number("payload_room", 65535));
  run.expect_true("a frame fits", frame.has_value());
  if (!frame) return;
  run.expect("frame_us", run.expected.number("frame_us"), frame->frame_us);
  run.expect("samples_per_channel", run.expected.number("samples_per_channel"), frame->samples_per_channel);
  run.expect("payload_bytes", run.expected.number("payload_bytes"), frame->payload_bytes);
}

}  // namespace

void register_audio(Registry& registry) {
  registry.add("audio", "audio/header/", check_packet);
  registry.add("audio", "audio/opus/", check_packet);
  registry.add("audio", "audio/redundant", check_redundant);
  registry.add("audio", "audio/pad", check_pad);
  registry.add("audio.pcm", "audio/pcm-ladder/", check_ladder);
}

}  // namespace punktfunk::vector_check
