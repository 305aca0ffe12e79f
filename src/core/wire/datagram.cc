// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/datagram.h"

#include "core/wire/varint.h"

namespace punktfunk::wire {
namespace {

bool first_byte_fits(DatagramKind kind, ByteView payload) {
  switch (kind) {
    case DatagramKind::media:
    case DatagramKind::feedback:
    case DatagramKind::clock:
      return true;  // no marker byte
    default:
      break;
  }
  if (payload.empty()) return false;
  const std::uint8_t first = payload[0];
  switch (kind) {
    case DatagramKind::audio:
      return first == kOpusByte || first == kRedundantOpusByte || first == kPcmByte ||
             first == kPadAudioByte || first == kMicrophoneByte;
    case DatagramKind::input_state:
      return first == kInputByte || first == kRichInputByte;
    case DatagramKind::rumble:
      return first == kRumbleByte;
    case DatagramKind::hid_output:
      return first == kHidOutputByte;
    case DatagramKind::cursor_state:
      return first == kCursorByte;
    case DatagramKind::host_timing:
      return first == kHostTimingByte;
    case DatagramKind::hdr_meta:
      return first == kHdrMetaByte;
    default:
      return false;
  }
}

}  // namespace

void append_datagram(Bytes& out, DatagramKind kind, ByteView payload) {
  append_varint(out, static_cast<std::uint64_t>(kind));
  append(out, payload);
}

Bytes make_datagram(DatagramKind kind, ByteView payload) {
  Bytes out;
  append_datagram(out, kind, payload);
  return out;
}

std::optional<Datagram> parse_datagram(ByteView bytes) {
  const auto number = read_varint(bytes);
  if (!number || number->value > static_cast<std::uint64_t>(DatagramKind::hdr_meta)) return std::nullopt;
  const Datagram datagram{static_cast<DatagramKind>(number->value), bytes.subspan(number->length)};
  if (!first_byte_fits(datagram.kind, datagram.payload)) return std::nullopt;
  return datagram;
}

}  // namespace punktfunk::wire
