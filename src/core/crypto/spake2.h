// SPDX-License-Identifier: MIT OR Apache-2.0
// The password-authenticated key exchange of PIN pairing (protocol sections 10.2 and 10.3).
//
// Both sides blind a Diffie-Hellman share with a point derived from the PIN. A peer with another PIN ends
// with another key and learns nothing else, so each guess costs one exchange. This is the python-spake2 /
// Rust `spake2` family over Ed25519, not the RFC 9382 ciphersuite.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret.h"
#include "core/crypto/hash.h"

namespace punktfunk::crypto {

using Spake2Key = Secret<32>;

// One attempt: make a new object for each, since reusing the random scalar would give the PIN away.
class Spake2 {
 public:
  enum class Role : std::uint8_t { client, host };

  // `pin` is the bytes as typed (ASCII digits). The fingerprints are SHA-256 of the two certificates.
  Spake2(Role role, ByteView pin, const Digest& client_fingerprint, const Digest& host_fingerprint,
         RandomSource& random);

  // What goes to the peer: a side byte ('A' client, 'B' host) and a compressed point.
  [[nodiscard]] const std::array<std::uint8_t, 33>& message() const { return message_; }

  // The shared key; the same on both sides only if the PINs were. nullopt: the peer's message has another
  // length or side byte, or is no point of the prime-order group (the pairing is refused; the PIN is spent
  // all the same).
  [[nodiscard]] std::optional<Spake2Key> finish(ByteView peer_message) const;

 private:
  Role role_;
  Digest client_fingerprint_;
  Digest host_fingerprint_;
  Secret<32> pin_hash_;    // SHA-256 of the PIN, as the transcript wants it
  Secret<32> pin_scalar_;  // w
  Secret<32> scalar_;      // x (client) or y (host)
  std::array<std::uint8_t, 33> message_{};
};

// What each side sends to prove that it holds `key`; compare with equal_constant_time().
[[nodiscard]] Digest confirm_host(const Spake2Key& key, const Digest& client_fingerprint,
                                  const Digest& host_fingerprint);
[[nodiscard]] Digest confirm_client(const Spake2Key& key, const Digest& client_fingerprint,
                                    const Digest& host_fingerprint);

}  // namespace punktfunk::crypto
