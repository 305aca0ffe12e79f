// SPDX-License-Identifier: MIT OR Apache-2.0
// The key schedule of media packets (protocol section 12.3): exporter → one secret per direction → one key
// and IV per 2^23 packets → one nonce per packet.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/cipher_suite.h"

namespace punktfunk::crypto {

inline constexpr std::uint64_t kPacketsPerKey = std::uint64_t{1} << 23;  // section 12.3: 8 388 608

[[nodiscard]] constexpr std::uint64_t key_index(std::uint64_t packet_number) {
  return packet_number / kPacketsPerKey;
}

struct DirectionSecrets {
  Secret<32> host_to_client;
  Secret<32> client_to_host;
};

// `exporter` is the 32-byte TLS exporter value of the session.
[[nodiscard]] DirectionSecrets derive_direction_secrets(ByteView exporter);

struct MediaKey {
  Secret<32> key;  // the first key_bytes(suite) bytes count, the rest are zero
  Secret<12> iv;
};

[[nodiscard]] MediaKey derive_media_key(const Secret<32>& direction_secret, CipherSuite suite,
                                        std::uint64_t index);

// The IV with its last 8 bytes XORed with the packet number, big-endian.
[[nodiscard]] std::array<std::uint8_t, 12> packet_nonce(const Secret<12>& iv, std::uint64_t packet_number);

}  // namespace punktfunk::crypto
