// SPDX-License-Identifier: MIT OR Apache-2.0
// The areas of the protocol that vectors are checked for. Each function registers its sections.
#pragma once

#include "core/wire/control_frame.h"
#include "core/wire/datagram.h"
#include "vector_check/run.h"

namespace punktfunk::vector_check {

void register_framing(Registry& registry);
void register_hello(Registry& registry);
void register_messages(Registry& registry);
void register_feedback(Registry& registry);
void register_input(Registry& registry);
void register_pads(Registry& registry);
void register_audio(Registry& registry);
void register_host_events(Registry& registry);
void register_media_packets(Registry& registry);
void register_media_blocks(Registry& registry);
void register_fec(Registry& registry);
void register_pairing(Registry& registry);
void register_handshake(Registry& registry);

// The one frame that `bytes` holds; throws BadVector when they are anything else.
[[nodiscard]] wire::Frame only_frame(const Bytes& bytes);

// Both directions of a control message: the bytes it encodes to are those stated, and the bytes stated decode
// to it.
template <class Message>
void check_message(Run& run, wire::FrameType type, const Message& message) {
  Bytes encoded;
  wire::append_frame(encoded, type, message.encode());
  run.expect_hex("hex", encoded);
  const wire::Frame frame = only_frame(run.expected.bytes("hex"));
  run.expect("frame type", static_cast<std::uint64_t>(type), frame.type);
  const auto decoded = Message::decode(frame.body);
  run.expect_true("decoded", decoded.has_value());
  if (decoded) run.expect_true("decoded equals the inputs", *decoded == message);
}

// The same for a datagram payload: the expected part states it as "hex", as "datagram" with the kind, or
// both, and may state a "length".
void expect_payload(Run& run, wire::DatagramKind kind, ByteView payload);
[[nodiscard]] Bytes stated_payload(const Run& run, wire::DatagramKind kind);

template <class Message>
void check_payload(Run& run, wire::DatagramKind kind, const Message& message) {
  const auto encoded = message.encode();
  expect_payload(run, kind, encoded);
  const auto decoded = Message::decode(stated_payload(run, kind));
  run.expect_true("decoded", decoded.has_value());
  if (decoded) run.expect_true("decoded equals the inputs", *decoded == message);
}

}  // namespace punktfunk::vector_check
