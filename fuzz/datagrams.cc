// SPDX-License-Identifier: MIT OR Apache-2.0
// Payloads of QUIC datagrams: all but feedback and the 18-byte input event, which have targets of their own.
// Input: one datagram, its kind included.
#include "core/wire/audio.h"
#include "core/wire/clock_datagram.h"
#include "core/wire/cursor.h"
#include "core/wire/datagram.h"
#include "core/wire/gamepad.h"
#include "core/wire/hdr_meta.h"
#include "core/wire/hid_output.h"
#include "core/wire/host_timing.h"
#include "core/wire/pen.h"
#include "core/wire/rich_input.h"
#include "core/wire/rumble.h"
#include "core/wire/varint.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::wire;
using fuzz::require;

namespace {

// The kind byte and the decoders of the kinds agree: none of them takes what another one takes.
template <class... Messages>
void check_kinds(ByteView payload, const std::optional<std::variant<Messages...>>& by_kind) {
  (fuzz::check_message<Messages>(payload), ...);
  const int takers = (0 + ... + (Messages::decode(payload) ? 1 : 0));
  require(takers == (by_kind ? 1 : 0), "exactly one decoder takes what the kind byte leads to");
}

void check_rich_input(ByteView payload) {
  const auto input = decode_rich_input(payload);
  check_kinds(payload, input);
  if (!input) return;
  if (const auto* report = std::get_if<HidReport>(&*input))
    require(report->data.size() <= kMaxHidReportBytes, "a report keeps its bound");
  if (const auto* pen = std::get_if<PenBatch>(&*input)) {
    require(pen->samples.size() <= kMaxPenSamples, "a batch keeps its bound");
    for (const PenSample& sample : pen->samples) {
      require(sample.x >= 0 && sample.x <= 1 && sample.y >= 0 && sample.y <= 1, "a pen stays in the picture");
    }
  }
}

void check_hid_output(ByteView payload) {
  const auto output = decode_hid_output(payload);
  check_kinds(payload, output);
  if (output) {
    std::visit([](const auto& kind) { require(kind.pad < kMaxPads, "a pad is in range"); }, *output);
  }
}

void check_rumble(ByteView payload) {
  fuzz::check_message<Rumble>(payload);
  const auto rumble = Rumble::decode(payload);
  if (!rumble) return;
  require(rumble->pad < kMaxPads, "a pad is in range");
  require(rumble->lifetime || !rumble->triggers, "the longer form has the shorter one in it");
  require(rumble->hold() <= kRumbleHoldLimit, "no level holds longer than its limit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Bytes bytes = input.take_rest();
  if (const auto number = read_varint(bytes)) {
    Bytes shortest;
    append_varint(shortest, number->value);
    require(shortest.size() <= number->length, "the shortest form is no longer than the one read");
    require(read_varint(shortest)->value == number->value, "a number is read as written");
  }
  const auto datagram = parse_datagram(bytes);
  if (!datagram) return 0;
  require(parse_datagram(make_datagram(datagram->kind, datagram->payload)).has_value(),
          "a written datagram is read");
  // Of exactly its size, so that the address sanitizer sees a read past either end.
  const Bytes payload(datagram->payload.begin(), datagram->payload.end());
  switch (datagram->kind) {
    case DatagramKind::media:     // target media_packet
    case DatagramKind::feedback:  // target feedback
      break;
    case DatagramKind::audio:
      fuzz::check_message<AudioPacket>(payload);
      fuzz::check_message<RedundantAudio>(payload);
      fuzz::check_message<PadAudio>(payload);
      break;
    case DatagramKind::input_state:
      check_rich_input(payload);
      break;
    case DatagramKind::clock:
      fuzz::check_message<ClockDatagram>(payload);
      break;
    case DatagramKind::rumble:
      check_rumble(payload);
      break;
    case DatagramKind::hid_output:
      check_hid_output(payload);
      break;
    case DatagramKind::cursor_state:
      fuzz::check_message<CursorState>(payload);
      break;
    case DatagramKind::host_timing:
      fuzz::check_message<HostTiming>(payload);
      break;
    case DatagramKind::hdr_meta:
      fuzz::check_message<HdrMeta>(payload);
      break;
  }
  return 0;
}
