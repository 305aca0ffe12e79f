// SPDX-License-Identifier: MIT OR Apache-2.0
#include <openssl/evp.h>

#include <cstdlib>

#include "core/crypto/aead/backends.h"

namespace punktfunk::crypto::aead {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

class OpensslCipher final : public PacketCipher {
 public:
  OpensslCipher(CipherSuite suite, Direction direction)
      : cipher_(suite == CipherSuite::aes128_gcm ? EVP_aes_128_gcm() : EVP_chacha20_poly1305()),
        direction_(direction) {}

  void set_key(std::size_t slot, const MediaKey& key) override {
    Key& target = keys_[slot];
    if (!target.context) target.context.reset(EVP_CIPHER_CTX_new());
    // 12 bytes is the default nonce length of both ciphers; the nonce itself follows per packet.
    if (!target.context || EVP_CipherInit_ex(target.context.get(), cipher_, nullptr, key.key.view().data(),
                                             nullptr, direction_ == Direction::seal ? 1 : 0) != 1) {
      std::abort();
    }
    target.iv = key.iv;
  }

  void seal(std::size_t slot, std::span<const MediaPacket> packets) override {
    const Key& key = keys_[slot];
    for (const MediaPacket& packet : packets) {
      std::uint8_t* const tag = tag_of(packet.packet);
      int written = 0;
      // Sealing fails only on misuse; a packet must never leave half sealed.
      if (!run(key, packet) || EVP_CipherFinal_ex(key.context.get(), tag, &written) != 1 ||
          EVP_CIPHER_CTX_ctrl(key.context.get(), EVP_CTRL_AEAD_GET_TAG, int{kMediaTagBytes}, tag) != 1) {
        std::abort();
      }
    }
  }

  void open(std::size_t slot, std::span<const MediaPacket> packets, std::span<bool> authentic) override {
    const Key& key = keys_[slot];
    std::uint8_t unused[16];  // stream ciphers write nothing at the end, but the call wants room for a block
    for (std::size_t i = 0; i < packets.size(); ++i) {
      int written = 0;
      authentic[i] = run(key, packets[i]) &&
                     EVP_CIPHER_CTX_ctrl(key.context.get(), EVP_CTRL_AEAD_SET_TAG, int{kMediaTagBytes},
                                         tag_of(packets[i].packet)) == 1 &&
                     EVP_CipherFinal_ex(key.context.get(), unused, &written) == 1;
    }
  }

 private:
  struct Key {
    std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context;  // zeroes the key schedule when freed
    Secret<12> iv;
  };

  // Sets the nonce, feeds the AAD, and runs the cipher over the body in place.
  static bool run(const Key& key, const MediaPacket& packet) {
    const auto nonce = nonce_of(key.iv, packet.number);
    const MutableBytes body = body_of(packet.packet);
    EVP_CIPHER_CTX* const context = key.context.get();
    int written = 0;
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), -1) == 1 &&
           EVP_CipherUpdate(context, nullptr, &written, packet.packet.data(), int{kMediaAadBytes}) == 1 &&
           EVP_CipherUpdate(context, body.data(), &written, body.data(), static_cast<int>(body.size())) == 1;
  }

  const EVP_CIPHER* cipher_;
  const Direction direction_;
  std::array<Key, kKeySlots> keys_;
};

std::unique_ptr<PacketCipher> make(CipherSuite suite, Direction direction) {
  return std::make_unique<OpensslCipher>(suite, direction);
}

}  // namespace

const Backend kOpensslBackend{"openssl", make};

}  // namespace punktfunk::crypto::aead
