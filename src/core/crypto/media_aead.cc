// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/media_aead.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace punktfunk::crypto {
namespace detail {

void FreeCipherContext::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

KeyRing::KeyRing(const Secret<32>& direction_secret, CipherSuite suite, Direction direction)
    : direction_secret_(direction_secret), suite_(suite), direction_(direction) {}

KeyRing::Slot& KeyRing::slot_for(std::uint64_t packet_number) {
  const std::uint64_t index = key_index(packet_number);
  Slot& slot = slots_[index % slots_.size()];
  if (slot.context && slot.index == index) return slot;

  const MediaKey derived = derive_media_key(direction_secret_, suite_, index);
  if (!slot.context) slot.context.reset(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = suite_ == CipherSuite::aes128_gcm ? EVP_aes_128_gcm() : EVP_chacha20_poly1305();
  const int encrypt = direction_ == Direction::seal ? 1 : 0;
  // 12 bytes is the default nonce length of both ciphers; the nonce itself follows per packet.
  if (!slot.context || EVP_CipherInit_ex(slot.context.get(), cipher, nullptr, derived.key.view().data(),
                                         nullptr, encrypt) != 1) {
    std::abort();
  }
  slot.index = index;
  slot.iv = derived.iv;
  return slot;
}

}  // namespace detail

namespace {

constexpr std::size_t kMinPacketBytes = kMediaAadBytes + kMediaTagBytes;

// Sets the nonce, feeds the AAD, and runs the cipher over `body` in place.
bool run_cipher(detail::KeyRing::Slot& slot, std::uint64_t number, const std::uint8_t* aad,
                MutableBytes body) {
  const auto nonce = packet_nonce(slot.iv, number);
  EVP_CIPHER_CTX* const context = slot.context.get();
  int written = 0;
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), -1) == 1 &&
         EVP_CipherUpdate(context, nullptr, &written, aad, static_cast<int>(kMediaAadBytes)) == 1 &&
         EVP_CipherUpdate(context, body.data(), &written, body.data(), static_cast<int>(body.size())) == 1;
}

}  // namespace

MediaSealer::MediaSealer(const Secret<32>& direction_secret, CipherSuite suite)
    : keys_(direction_secret, suite, detail::KeyRing::Direction::seal) {}

void MediaSealer::seal(std::span<const Item> items) {
  for (const Item& item : items) {
    if (item.packet.size() < kMinPacketBytes) std::abort();
    detail::KeyRing::Slot& slot = keys_.slot_for(item.number);
    const MutableBytes body = item.packet.subspan(kMediaAadBytes, item.packet.size() - kMinPacketBytes);
    std::uint8_t* const tag = body.data() + body.size();
    int written = 0;
    // Sealing fails only on misuse; a packet must never leave half sealed.
    if (!run_cipher(slot, item.number, item.packet.data(), body) ||
        EVP_CipherFinal_ex(slot.context.get(), tag, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(slot.context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kMediaTagBytes),
                            tag) != 1) {
      std::abort();
    }
  }
}

MediaOpener::MediaOpener(const Secret<32>& direction_secret, CipherSuite suite)
    : keys_(direction_secret, suite, detail::KeyRing::Direction::open) {}

bool MediaOpener::open(std::uint64_t number, MutableBytes packet) {
  if (packet.size() < kMinPacketBytes) return false;
  detail::KeyRing::Slot& slot = keys_.slot_for(number);
  const MutableBytes body = packet.subspan(kMediaAadBytes, packet.size() - kMinPacketBytes);
  std::uint8_t* const tag = body.data() + body.size();
  int written = 0;
  std::uint8_t unused[16];  // stream ciphers write nothing at the end, but the call wants room for a block
  return run_cipher(slot, number, packet.data(), body) &&
         EVP_CIPHER_CTX_ctrl(slot.context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kMediaTagBytes),
                             tag) == 1 &&
         EVP_CipherFinal_ex(slot.context.get(), unused, &written) == 1;
}

}  // namespace punktfunk::crypto
