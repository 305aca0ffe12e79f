// SPDX-License-Identifier: MIT OR Apache-2.0
// Input packets of a session without QUIC (docs/protocol/session-input.md) on a network that somebody else
// holds: changed, cut, replayed, out of order, made up. An event comes out only if it was sealed, and once.
//
// Input: settings u8, then operations of one byte and their values.
#include "endpoint/session_input.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::endpoint;
using fuzz::require;

namespace {

constexpr int kMaxOperations = 500;

struct Sealed {
  wire::InputEvent event;
  InputPacket packet;
  bool delivered = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto suite = input.take<std::uint8_t>() % 2 != 0 ? crypto::CipherSuite::chacha20_poly1305
                                                         : crypto::CipherSuite::aes128_gcm;
  const Secret<32> secret(std::array<std::uint8_t, 32>{9});
  InputSealer sealer(secret, suite);
  InputOpener opener(secret, suite);
  std::vector<Sealed> pool;
  for (int operation = 0; operation < kMaxOperations && !input.empty(); ++operation) {
    const auto kind = input.take<std::uint8_t>();
    if (kind % 4 == 0 || pool.empty()) {
      wire::InputEvent event;
      event.kind = static_cast<wire::InputKind>(input.take<std::uint8_t>());
      event.code = input.take<std::uint32_t>();
      event.x = static_cast<std::int32_t>(input.take<std::uint32_t>());
      event.flags = input.take<std::uint32_t>();
      pool.push_back({event, sealer.seal(event)});
      continue;
    }
    Sealed& chosen = pool[input.take<std::uint8_t>() % pool.size()];
    Bytes datagram(chosen.packet.begin(), chosen.packet.end());
    switch (kind % 4) {
      case 1: {  // as it was sealed
        const std::optional<wire::InputEvent> opened = opener.open(datagram);
        const bool is_event = wire::InputEvent::decode(chosen.event.encode()).has_value();
        require(opened.has_value() == (is_event && !chosen.delivered), "an event comes out once");
        require(!opened || *opened == chosen.event, "it comes out as it went in");
        chosen.delivered = true;
        break;
      }
      case 2: {  // one byte changed
        const std::size_t at = input.take<std::uint8_t>() % datagram.size();
        const auto change = input.take<std::uint8_t>();
        datagram[at] = static_cast<std::uint8_t>(datagram[at] ^ (change == 0 ? 1 : change));
        require(!opener.open(datagram), "a changed packet is dropped");
        break;
      }
      default: {  // another length, or made up
        const std::size_t length = input.take<std::uint8_t>();
        const ByteView made_up = input.take_bytes(length);
        datagram.assign(made_up.begin(), made_up.end());
        if (kind >= 128)
          datagram.assign(chosen.packet.begin(), chosen.packet.begin() + length % chosen.packet.size());
        require(!opener.open(datagram), "what was not sealed is dropped");
      }
    }
  }
  return 0;
}
