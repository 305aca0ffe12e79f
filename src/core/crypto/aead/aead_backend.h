// SPDX-License-Identifier: MIT OR Apache-2.0
// What seals and opens media packets: one interface, and a backend for each cryptography library. All of them
// give the same bytes; they differ in speed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/media_keys.h"

namespace punktfunk::crypto {

inline constexpr std::size_t kMediaAadBytes = 5;
inline constexpr std::size_t kMediaTagBytes = 16;
inline constexpr std::size_t kMinMediaPacketBytes = kMediaAadBytes + kMediaTagBytes;

// A packet in its buffer: 5 bytes of AAD ‖ plaintext or ciphertext ‖ 16 bytes for the tag.
struct MediaPacket {
  std::uint64_t number;  // the whole packet number
  MutableBytes packet;   // kMinMediaPacketBytes at least
};

namespace aead {

enum class Direction : std::uint8_t { seal, open };

// A cipher with a few keys ready to use. Key schedules are made by set_key() and zeroed with the object. One
// thread. Aborts the program when the library refuses a call whose arguments are right (it is out of memory):
// going on would mean sending unsealed packets.
class PacketCipher {
 public:
  // The previous, the current and the next key index.
  static constexpr std::size_t kKeySlots = 3;

  virtual ~PacketCipher() = default;

  // `slot` < kKeySlots; replaces the key that was there.
  virtual void set_key(std::size_t slot, const MediaKey& key) = 0;
  // Seals in place with the key of `slot`. For ciphers made with Direction::seal.
  virtual void seal(std::size_t slot, std::span<const MediaPacket> packets) = 0;
  // Opens in place and sets authentic[i] to whether the tag of packet i was right; behind the AAD, a packet
  // that was not authentic holds garbage. For ciphers made with Direction::open. The spans are equally long.
  virtual void open(std::size_t slot, std::span<const MediaPacket> packets, std::span<bool> authentic) = 0;
};

struct Backend {
  const char* name;
  std::unique_ptr<PacketCipher> (*make)(CipherSuite suite, Direction direction);
};

// The backends of this build that this CPU can run; the first always works, the last is the fastest.
[[nodiscard]] std::span<const Backend* const> available_backends();

// The fastest, or the one that PUNKTFUNK_AEAD names (openssl, ipsec-mb). A name that is not available means
// the fastest. Read once. Thread-safe.
[[nodiscard]] const Backend& default_backend();

// Section 12.3: the last 8 bytes of the IV XORed with the packet number, big-endian. Inline: this runs for
// every packet.
[[nodiscard]] inline std::array<std::uint8_t, 12> nonce_of(const Secret<12>& iv,
                                                           std::uint64_t packet_number) {
  std::array<std::uint8_t, 12> nonce{};
  store_be(nonce.data() + 4, packet_number);
  for (std::size_t i = 0; i < nonce.size(); ++i)
    nonce[i] = static_cast<std::uint8_t>(nonce[i] ^ iv.view()[i]);
  return nonce;
}

// The sealed part of a packet and where its tag lies.
[[nodiscard]] inline MutableBytes body_of(MutableBytes packet) {
  return packet.subspan(kMediaAadBytes, packet.size() - kMinMediaPacketBytes);
}
[[nodiscard]] inline std::uint8_t* tag_of(MutableBytes packet) {
  return packet.data() + packet.size() - kMediaTagBytes;
}

// Takes the same time for any contents. Both are kMediaTagBytes long. Two words at once: a loop over bytes
// took a quarter of the time that opening the packet does.
[[nodiscard]] inline bool is_same_tag(const std::uint8_t* a, const std::uint8_t* b) {
  const std::uint64_t low = load_le<std::uint64_t>(a) ^ load_le<std::uint64_t>(b);
  const std::uint64_t high = load_le<std::uint64_t>(a + 8) ^ load_le<std::uint64_t>(b + 8);
  return (low | high) == 0;
}

}  // namespace aead
}  // namespace punktfunk::crypto
