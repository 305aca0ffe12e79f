// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/spake2.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace punktfunk::crypto {
namespace {

using Point = std::array<std::uint8_t, 32>;

// The blinding points M and N of section 10.2, compressed.
constexpr Point kClientBlind = {0x15, 0xcf, 0xd1, 0x8e, 0x38, 0x59, 0x52, 0x98, 0x2b, 0x6a, 0x8f,
                                0x8c, 0x78, 0x54, 0x96, 0x3b, 0x58, 0xe3, 0x43, 0x88, 0xc8, 0xe6,
                                0xda, 0xe8, 0x91, 0xdb, 0x75, 0x64, 0x81, 0xa0, 0x23, 0x12};
constexpr Point kHostBlind = {0xf0, 0x4f, 0x2e, 0x7e, 0xb7, 0x34, 0xb2, 0xa8, 0xf8, 0xb4, 0x72,
                              0xea, 0xf9, 0xc3, 0xc6, 0x32, 0x57, 0x6a, 0xc6, 0x4a, 0xea, 0x65,
                              0x0b, 0x49, 0x6a, 0x8a, 0x20, 0xff, 0x00, 0xe5, 0x83, 0xc3};
constexpr std::uint8_t kClientSide = 'A';
constexpr std::uint8_t kHostSide = 'B';

// HKDF output read as a big-endian number, mod L. libsodium reduces 64 little-endian bytes.
Secret<32> pin_to_scalar(ByteView pin) {
  Secret<48> wide;
  hkdf_sha256({}, pin, as_bytes("SPAKE2 pw"), wide.writable());
  Secret<64> reversed;
  std::reverse_copy(wide.view().begin(), wide.view().end(), reversed.writable().begin());
  Secret<32> scalar;
  crypto_core_ed25519_scalar_reduce(scalar.writable().data(), reversed.view().data());
  return scalar;
}

// Twice the needed bytes make the reduction's bias (2^-260) meaningless.
Secret<32> random_scalar(RandomSource& random) {
  Secret<64> wide;
  random.fill(wide.writable());
  Secret<32> scalar;
  crypto_core_ed25519_scalar_reduce(scalar.writable().data(), wide.view().data());
  return scalar;
}

Digest confirmation(std::string_view label, const Spake2Key& key, const Digest& client, const Digest& host) {
  Bytes message;
  append(message, as_bytes(label));
  append(message, client);
  append(message, host);
  return hmac_sha256(key.view(), message);
}

}  // namespace

Spake2::Spake2(Role role, ByteView pin, const Digest& client_fingerprint, const Digest& host_fingerprint,
               RandomSource& random)
    : role_(role),
      client_fingerprint_(client_fingerprint),
      host_fingerprint_(host_fingerprint),
      pin_scalar_(pin_to_scalar(pin)),
      scalar_(random_scalar(random)) {
  Digest pin_hash = sha256(pin);
  std::copy(pin_hash.begin(), pin_hash.end(), pin_hash_.writable().begin());
  sodium_memzero(pin_hash.data(), pin_hash.size());

  const bool client = role == Role::client;
  Secret<32> share;
  Secret<32> blind;
  // Both fail only for a zero scalar: once in 2^252 attempts, or a broken random source.
  if (crypto_scalarmult_ed25519_base_noclamp(share.writable().data(), scalar_.view().data()) != 0 ||
      crypto_scalarmult_ed25519_noclamp(blind.writable().data(), pin_scalar_.view().data(),
                                        (client ? kClientBlind : kHostBlind).data()) != 0 ||
      crypto_core_ed25519_add(message_.data() + 1, share.view().data(), blind.view().data()) != 0) {
    std::abort();
  }
  message_[0] = client ? kClientSide : kHostSide;
}

std::optional<Spake2Key> Spake2::finish(ByteView peer_message) const {
  const bool client = role_ == Role::client;
  if (peer_message.size() != message_.size() || peer_message[0] != (client ? kHostSide : kClientSide)) {
    return std::nullopt;
  }
  const std::uint8_t* const peer_point = peer_message.data() + 1;
  // Canonical, on the curve, of prime order. Small-order points would let a peer force a known key.
  if (crypto_core_ed25519_is_valid_point(peer_point) != 1) return std::nullopt;

  Secret<32> blind;
  Secret<32> unblinded;
  Secret<32> shared;
  // The last multiplication refuses the identity, which a peer that guessed the PIN could aim for.
  if (crypto_scalarmult_ed25519_noclamp(blind.writable().data(), pin_scalar_.view().data(),
                                        (client ? kHostBlind : kClientBlind).data()) != 0 ||
      crypto_core_ed25519_sub(unblinded.writable().data(), peer_point, blind.view().data()) != 0 ||
      crypto_scalarmult_ed25519_noclamp(shared.writable().data(), scalar_.view().data(),
                                        unblinded.view().data()) != 0) {
    return std::nullopt;
  }

  const std::uint8_t* const own_point = message_.data() + 1;
  const Digest client_id = sha256(client_fingerprint_);
  const Digest host_id = sha256(host_fingerprint_);
  crypto_hash_sha256_state transcript;
  crypto_hash_sha256_init(&transcript);
  crypto_hash_sha256_update(&transcript, pin_hash_.view().data(), pin_hash_.size());
  crypto_hash_sha256_update(&transcript, client_id.data(), client_id.size());
  crypto_hash_sha256_update(&transcript, host_id.data(), host_id.size());
  crypto_hash_sha256_update(&transcript, client ? own_point : peer_point, sizeof(Point));
  crypto_hash_sha256_update(&transcript, client ? peer_point : own_point, sizeof(Point));
  crypto_hash_sha256_update(&transcript, shared.view().data(), shared.size());
  Spake2Key key;
  crypto_hash_sha256_final(&transcript, key.writable().data());
  sodium_memzero(&transcript, sizeof transcript);
  return key;
}

Digest confirm_host(const Spake2Key& key, const Digest& client_fingerprint, const Digest& host_fingerprint) {
  return confirmation("punktfunk-pair-host", key, client_fingerprint, host_fingerprint);
}

Digest confirm_client(const Spake2Key& key, const Digest& client_fingerprint,
                      const Digest& host_fingerprint) {
  return confirmation("punktfunk-pair-client", key, client_fingerprint, host_fingerprint);
}

}  // namespace punktfunk::crypto
