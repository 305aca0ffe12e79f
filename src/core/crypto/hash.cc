// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/hash.h"

#include <sodium.h>

#include <algorithm>
#include <cassert>

namespace punktfunk::crypto {
namespace {

// libsodium declares its pointers non-null, also for no bytes; an empty span may hold none.
const std::uint8_t* start_of(ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

class Hmac {
 public:
  explicit Hmac(ByteView key) { crypto_auth_hmacsha256_init(&state_, start_of(key), key.size()); }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  ~Hmac() { sodium_memzero(&state_, sizeof state_); }

  void update(ByteView bytes) { crypto_auth_hmacsha256_update(&state_, start_of(bytes), bytes.size()); }
  void finish(Digest& out) { crypto_auth_hmacsha256_final(&state_, out.data()); }

 private:
  crypto_auth_hmacsha256_state state_;
};

}  // namespace

Digest sha256(ByteView message) {
  Digest digest;
  crypto_hash_sha256(digest.data(), start_of(message), message.size());
  return digest;
}

Digest hmac_sha256(ByteView key, ByteView message) {
  Hmac hmac(key);
  hmac.update(message);
  Digest digest;
  hmac.finish(digest);
  return digest;
}

void hkdf_expand_sha256(ByteView prk, ByteView info, MutableBytes out) {
  assert(out.size() <= 255 * sizeof(Digest));
  Digest block{};
  std::size_t done = 0;
  for (std::uint8_t counter = 1; done < out.size(); ++counter) {
    Hmac hmac(prk);
    if (counter > 1) hmac.update(block);
    hmac.update(info);
    hmac.update({&counter, 1});
    hmac.finish(block);
    const std::size_t part = std::min(block.size(), out.size() - done);
    std::copy_n(block.begin(), part, out.data() + done);
    done += part;
  }
  sodium_memzero(block.data(), block.size());
}

void hkdf_sha256(ByteView salt, ByteView input_key, ByteView info, MutableBytes out) {
  // HMAC pads its key with zeros, so an empty salt already means 32 zero bytes.
  Digest prk = hmac_sha256(salt, input_key);
  hkdf_expand_sha256(prk, info, out);
  sodium_memzero(prk.data(), prk.size());
}

}  // namespace punktfunk::crypto
