// SPDX-License-Identifier: MIT OR Apache-2.0
// Input events as datagrams of their own, for sessions without QUIC: docs/protocol/session-input.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/media_aead.h"
#include "core/crypto/packet_number.h"
#include "core/wire/input_event.h"
#include "core/wire/media_header.h"

namespace punktfunk::endpoint {

// A stream id that punktfunk/2 does not have, so that none of its receivers takes such a packet for video.
inline constexpr std::uint8_t kInputTag = 0x02;
inline constexpr std::size_t kInputPacketBytes = wire::kAadBytes + wire::kInputEventBytes + wire::kTagBytes;
static_assert(kInputPacketBytes == 39);

using InputPacket = std::array<std::uint8_t, kInputPacketBytes>;

// The client's end. One thread.
class InputSealer {
 public:
  InputSealer(const Secret<32>& client_to_host, crypto::CipherSuite suite) : sealer_(client_to_host, suite) {}

  [[nodiscard]] InputPacket seal(const wire::InputEvent& event);

 private:
  crypto::MediaSealer sealer_;
  std::uint64_t next_number_ = 0;
};

// The host's end. One thread.
class InputOpener {
 public:
  InputOpener(const Secret<32>& client_to_host, crypto::CipherSuite suite) : opener_(client_to_host, suite) {}

  // True when `datagram` has the length and tag of such a packet.
  [[nodiscard]] static bool has_shape(ByteView datagram) {
    return datagram.size() == kInputPacketBytes && datagram[0] == kInputTag;
  }
  // Decrypts in place. nullopt = drop: not authentic, seen before, too old, or no event that section 21
  // knows.
  [[nodiscard]] std::optional<wire::InputEvent> open(MutableBytes datagram);

 private:
  crypto::MediaOpener opener_;
  crypto::ReplayWindow replay_;
};

}  // namespace punktfunk::endpoint
