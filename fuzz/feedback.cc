// SPDX-License-Identifier: MIT OR Apache-2.0
// Feedback datagrams, and the host's readers of them.
// Input: datagrams, each after its length u8.
#include "core/wire/feedback.h"

#include "core/session/ask_reader.h"
#include "core/session/parity_control.h"
#include "core/wire/datagram.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::require;

namespace {

struct Host {
  media::AskReader asks;
  media::ParityControl parity;

  void read(ByteView payload) {
    const auto feedback = Feedback::decode(payload);
    if (!feedback) return;
    require(feedback->resend_shards.size() <= kMaxResendShards, "a resend request keeps its bound");
    const auto action = asks.read(*feedback);
    require(action == media::AskReader::Action::none || feedback->ask.has_value(), "only an ask asks");
    require(asks.read(*feedback) == media::AskReader::Action::none, "an ask is acted on once");
    (void)parity.on_feedback(*feedback);
    require(!parity.on_feedback(*feedback), "a window is read once");
    require(parity.percent() >= 5 && parity.percent() <= 50, "parity stays in its band");
    for (const std::uint32_t shards : {1u, 7u, 4096u, 65535u}) {
      const auto percent = parity.percent_for(shards);
      require(percent >= parity.percent() && percent <= 90, "parity of a frame stays in its band");
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Host host;
  while (!input.empty()) {
    const ByteView taken = input.take_bytes(input.take<std::uint8_t>());
    const Bytes bytes(taken.begin(), taken.end());
    const auto datagram = parse_datagram(bytes);
    if (!datagram || datagram->kind != DatagramKind::feedback) continue;
    const Bytes payload(datagram->payload.begin(), datagram->payload.end());
    fuzz::check_rewriting<Feedback>(payload);
    host.read(payload);
  }
  return 0;
}
