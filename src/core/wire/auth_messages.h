// SPDX-License-Identifier: MIT OR Apache-2.0
// Proof of a device's key on carriers without client certificates (protocol section 11.1). Not used on QUIC.
//
// encode() gives the body only; decode() gives nullopt for a body that must be refused: a nonce of zeros, no
// key or no signature would prove nothing, so none may be absent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

// ECDSA over P-256 in DER: a sequence of two integers of at most 33 bytes, 2 + 2 · (2 + 33).
inline constexpr std::size_t kMaxAuthSignatureBytes = 72;

using AuthNonce = std::array<std::uint8_t, 32>;
using AuthBinding = std::array<std::uint8_t, 32>;  // SHA-256 of the transport certificate

// Host to client.
struct AuthChallenge {
  AuthNonce nonce{};
  bool operator==(const AuthChallenge&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AuthChallenge> decode(ByteView body);
};

// Client to host.
struct AuthResponse {
  Bytes device_key;  // SubjectPublicKeyInfo in DER, at most kMaxDeviceKeyBytes
  Bytes signature;   // ECDSA P-256 with SHA-256 over auth_signed_bytes(), in DER
  bool operator==(const AuthResponse&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AuthResponse> decode(ByteView body);
};

// What the device signs.
[[nodiscard]] Bytes auth_signed_bytes(const AuthBinding& binding, const AuthNonce& nonce);

}  // namespace punktfunk::wire
