// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/ask_reader.h"
#include "core/wire/feedback.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

template <std::unsigned_integral T>
void set(const Object& in, std::string_view key, std::optional<T>& out) {
  if (in.has(key)) out = in.get<T>(key);
}

// [number, number or list]: the shape of the pairs in these vectors.
std::uint64_t pair_number(const Object& in, std::string_view key, std::size_t at, std::uint64_t limit) {
  const Json& pair = in.at(key);
  if (!pair.is_array() || pair.size() != 2) throw BadVector("\"" + std::string(key) + "\" is no pair");
  const auto number = to_number(pair[at]);
  if (!number || *number > limit)
    throw BadVector("\"" + std::string(key) + "\" has a part that is no number of its type");
  return *number;
}

wire::Feedback from_inputs(const Object& in) {
  wire::Feedback out;
  set(in, "window", out.window);
  set(in, "loss", out.loss_ppm);
  set(in, "pk", out.packets);
  set(in, "head", out.lost_head);
  set(in, "mid", out.lost_mid);
  set(in, "tail", out.lost_tail);
  set(in, "drops", out.dropped);
  set(in, "link", out.link_kbps);
  set(in, "shape", out.shape);
  set(in, "ask", out.ask);
  if (in.has("inval")) {
    out.invalidate_first = static_cast<std::uint32_t>(pair_number(in, "inval", 0, UINT32_MAX));
    out.invalidate_last = static_cast<std::uint32_t>(pair_number(in, "inval", 1, UINT32_MAX));
  }
  for (const char* key : {"kf", "keyframe"}) {
    if (in.has(key)) out.keyframe = in.boolean(key);
  }
  if (in.has("nack")) {
    out.resend_frame = static_cast<std::uint32_t>(pair_number(in, "nack", 0, UINT32_MAX));
    const Json& shards = in.at("nack")[1];
    if (!shards.is_array()) throw BadVector("\"nack\" has no list of shards");
    for (const Json& shard : shards) {
      const auto number = to_number(shard);
      if (!number || *number > UINT16_MAX) throw BadVector("\"nack\" has a shard that is no 16-bit number");
      out.resend_shards.push_back(static_cast<std::uint16_t>(*number));
    }
  }
  if (in.has("acked")) {
    out.clean_frame = static_cast<std::uint32_t>(pair_number(in, "acked", 0, UINT32_MAX));
    out.clean_before = static_cast<std::uint16_t>(pair_number(in, "acked", 1, UINT16_MAX));
  }
  return out;
}

void check_feedback(Run& run) {
  if (run.expected.has("result")) {
    const Bytes bytes = run.inputs.bytes("datagram");
    const auto datagram = wire::parse_datagram(bytes);
    const bool accepted = datagram && datagram->kind == wire::DatagramKind::feedback &&
                          wire::Feedback::decode(datagram->payload).has_value();
    return run.expect_result(accepted ? "accepted" : "drop");
  }
  const wire::Feedback feedback = from_inputs(run.inputs);
  expect_payload(run, wire::DatagramKind::feedback, feedback.encode());
  const auto decoded = wire::Feedback::decode(stated_payload(run, wire::DatagramKind::feedback));
  run.expect_true("decoded", decoded.has_value());
  if (decoded) run.expect("decoded, written again", to_hex(feedback.encode()), to_hex(decoded->encode()));
}

void check_ask_order(Run& run) {
  const bool newer =
      media::is_newer_ask(run.inputs.get<std::uint16_t>("ask"), run.inputs.get<std::uint16_t>("last_acted"));
  run.expect_bool("act", run.expected.boolean("act"), newer);
}

}  // namespace

void register_feedback(Registry& registry) {
  registry.add("feedback", "", check_feedback);
  registry.add("feedback", "feedback/ask-order", check_ask_order);
}

}  // namespace punktfunk::vector_check
