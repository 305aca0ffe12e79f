// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/session_input.h"

#include <algorithm>

namespace punktfunk::endpoint {

InputPacket InputSealer::seal(const wire::InputEvent& event) {
  InputPacket packet{};
  packet[0] = kInputTag;
  store_le(packet.data() + 1, static_cast<std::uint32_t>(next_number_));
  const auto bytes = event.encode();
  std::copy(bytes.begin(), bytes.end(), packet.begin() + wire::kAadBytes);
  const crypto::MediaSealer::Item item{next_number_++, packet};
  sealer_.seal({&item, 1});
  return packet;
}

std::optional<wire::InputEvent> InputOpener::open(MutableBytes datagram) {
  if (!has_shape(datagram)) return std::nullopt;
  // Cheapest check first, as for video (sections 12.2 to 12.4).
  const std::uint64_t highest = replay_.highest();
  const std::uint64_t number =
      crypto::expand_packet_number(highest, load_le<std::uint32_t>(datagram.data() + 1));
  if (!crypto::is_plausible(number, highest) || !replay_.is_fresh(number)) return std::nullopt;
  if (!opener_.open(number, datagram)) return std::nullopt;
  replay_.accept(number);
  return wire::InputEvent::decode(datagram.subspan(wire::kAadBytes, wire::kInputEventBytes));
}

}  // namespace punktfunk::endpoint
