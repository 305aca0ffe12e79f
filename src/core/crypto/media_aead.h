// SPDX-License-Identifier: MIT OR Apache-2.0
// Seals and opens media packets in place (protocol sections 12.1 and 12.3).
//
// Key schedules live as long as their key, so that a packet costs a nonce and the cipher itself: nothing is
// allocated or derived except when the key index changes. The work is done by a backend of aead/.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "core/crypto/aead/aead_backend.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/media_keys.h"

namespace punktfunk::crypto {

namespace detail {

// The keys of one direction. Index i lives in slot i mod 3, so the previous, the current and the next key
// never push each other out: a forger cannot make us derive keys over and over.
class KeyRing {
 public:
  KeyRing(const Secret<32>& direction_secret, CipherSuite suite, aead::Direction direction,
          const aead::Backend& backend);

  // The slot that holds the key of `packet_number`.
  [[nodiscard]] std::size_t slot_for(std::uint64_t packet_number);
  [[nodiscard]] aead::PacketCipher& cipher() { return *cipher_; }

 private:
  Secret<32> direction_secret_;
  CipherSuite suite_;
  std::unique_ptr<aead::PacketCipher> cipher_;
  std::array<std::optional<std::uint64_t>, aead::PacketCipher::kKeySlots> indices_;
};

}  // namespace detail

// Not thread-safe; give each sending thread its own.
class MediaSealer {
 public:
  MediaSealer(const Secret<32>& direction_secret, CipherSuite suite,
              const aead::Backend& backend = aead::default_backend());

  // `number` must never repeat under one direction secret; `packet` is 21 bytes or more, the last 16 spare
  // for the tag.
  using Item = MediaPacket;
  void seal(std::span<const Item> items);

 private:
  detail::KeyRing keys_;
};

// Not thread-safe.
class MediaOpener {
 public:
  MediaOpener(const Secret<32>& direction_secret, CipherSuite suite,
              const aead::Backend& backend = aead::default_backend());

  // Decrypts in place. False when the tag is wrong or the packet is shorter than 21 bytes; the bytes after
  // the AAD are then garbage. Check is_plausible() and ReplayWindow::is_fresh() first, they are cheaper.
  [[nodiscard]] bool open(std::uint64_t number, MutableBytes packet);

  // The same for several packets, each of 21 bytes or more: authentic[i] says how packet i came out.
  void open(std::span<const MediaPacket> packets, std::span<bool> authentic);

 private:
  detail::KeyRing keys_;
};

}  // namespace punktfunk::crypto
