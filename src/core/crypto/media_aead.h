// SPDX-License-Identifier: MIT OR Apache-2.0
// Seals and opens media packets in place (protocol sections 12.1 and 12.3).
//
// A packet is 5 bytes of AAD, the plaintext, and 16 bytes of tag. Cipher contexts live as long as their key,
// so that a packet costs a nonce and the cipher itself: nothing is allocated except when the key index
// changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/media_keys.h"

struct evp_cipher_ctx_st;

namespace punktfunk::crypto {

inline constexpr std::size_t kMediaAadBytes = 5;
inline constexpr std::size_t kMediaTagBytes = 16;

namespace detail {

struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const;
};

// One keyed cipher context per recently used key index. Index i lives in slot i mod 3, so the previous, the
// current and the next key never push each other out: a forger cannot make us derive keys over and over.
class KeyRing {
 public:
  enum class Direction : std::uint8_t { seal, open };
  KeyRing(const Secret<32>& direction_secret, CipherSuite suite, Direction direction);

  struct Slot {
    std::uint64_t index = 0;
    Secret<12> iv;
    std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext> context;
  };
  [[nodiscard]] Slot& slot_for(std::uint64_t packet_number);

 private:
  Secret<32> direction_secret_;
  CipherSuite suite_;
  Direction direction_;
  std::array<Slot, 3> slots_;
};

}  // namespace detail

// Not thread-safe; give each sending thread its own. Aborts the program if OpenSSL cannot make a cipher
// context (out of memory): going on would mean sending unsealed packets.
class MediaSealer {
 public:
  MediaSealer(const Secret<32>& direction_secret, CipherSuite suite);

  struct Item {
    std::uint64_t number;  // must never repeat under one direction secret
    MutableBytes packet;   // 5 AAD ‖ plaintext ‖ 16 spare bytes for the tag, at least 21 bytes
  };
  void seal(std::span<const Item> items);

 private:
  detail::KeyRing keys_;
};

// Not thread-safe.
class MediaOpener {
 public:
  MediaOpener(const Secret<32>& direction_secret, CipherSuite suite);

  // Decrypts in place. False when the tag is wrong or the packet is shorter than 21 bytes; the bytes after
  // the AAD are then garbage. Check is_plausible() and ReplayWindow::is_fresh() first, they are cheaper.
  [[nodiscard]] bool open(std::uint64_t number, MutableBytes packet);

 private:
  detail::KeyRing keys_;
};

}  // namespace punktfunk::crypto
