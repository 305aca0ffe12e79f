// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace punktfunk::crypto {

// Wire values of ServerHello; both use a 12-byte nonce and a 16-byte tag.
enum class CipherSuite : std::uint8_t { aes128_gcm = 0, chacha20_poly1305 = 1 };

[[nodiscard]] constexpr std::size_t key_bytes(CipherSuite suite) {
  return suite == CipherSuite::aes128_gcm ? std::size_t{16} : std::size_t{32};
}

}  // namespace punktfunk::crypto
