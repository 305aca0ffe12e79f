// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/hash.h"

#include <gtest/gtest.h>

namespace punktfunk::crypto {
namespace {

// FIPS 180-4 example "abc".
TEST(Hash, Sha256) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231 test case 2: a key shorter than the digest.
TEST(Hash, HmacSha256) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 5869 test case 1.
TEST(Hash, Hkdf) {
  const Bytes key(22, 0x0b);
  const Bytes salt = from_hex("000102030405060708090a0b0c").value();
  const Bytes info = from_hex("f0f1f2f3f4f5f6f7f8f9").value();
  Bytes out(42);
  hkdf_sha256(salt, key, info, out);
  EXPECT_EQ(to_hex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

// RFC 5869 test case 3: no salt, no info.
TEST(Hash, HkdfWithoutSaltOrInfo) {
  const Bytes key(22, 0x0b);
  Bytes out(42);
  hkdf_sha256({}, key, {}, out);
  EXPECT_EQ(to_hex(out),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

}  // namespace
}  // namespace punktfunk::crypto
