// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/spake2.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <random>

#include "seed.h"
#include "vectors.h"

namespace punktfunk::crypto {
namespace {

using test::hex_of;

// Hands out a chosen scalar: 32 little-endian bytes, then zeros, which the reduction mod L leaves as they
// are.
class FixedScalar final : public RandomSource {
 public:
  explicit FixedScalar(const std::string& decimal) {
    for (const char digit : decimal) {
      unsigned carry = static_cast<unsigned>(digit - '0');
      for (std::uint8_t& byte : scalar_) {
        carry += byte * 10u;
        byte = static_cast<std::uint8_t>(carry);
        carry >>= 8;
      }
    }
  }
  void fill(MutableBytes out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    std::copy_n(scalar_.begin(), std::min(out.size(), scalar_.size()), out.begin());
  }

 private:
  std::array<std::uint8_t, 32> scalar_{};
};

Digest digest_of(const nlohmann::json& value) {
  const Bytes bytes = hex_of(value);
  Digest digest{};
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

Digest filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

TEST(Spake2, PairingVectors) {
  for (const auto& vector : test::vectors_named("pairing/pin-")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    const auto& expected = vector["expected"];
    const auto pin = inputs["pin"].get<std::string>();
    const Digest client_fp = digest_of(inputs["client_fingerprint"]);
    const Digest host_fp = digest_of(inputs["host_fingerprint"]);
    FixedScalar client_scalar(inputs["scalar_client"]);
    FixedScalar host_scalar(inputs["scalar_host"]);
    const Spake2 client(Spake2::Role::client, as_bytes(pin), client_fp, host_fp, client_scalar);
    const Spake2 host(Spake2::Role::host, as_bytes(pin), client_fp, host_fp, host_scalar);
    EXPECT_EQ(to_hex(client.message()), expected["spake_a"]);
    EXPECT_EQ(to_hex(host.message()), expected["spake_b"]);

    const auto client_key = client.finish(host.message());
    const auto host_key = host.finish(client.message());
    ASSERT_TRUE(client_key && host_key);
    EXPECT_EQ(to_hex(client_key->view()), expected["key"]);
    EXPECT_EQ(to_hex(host_key->view()), expected["key"]);
    EXPECT_EQ(to_hex(confirm_host(*host_key, client_fp, host_fp)), expected["host_confirm"]);
    EXPECT_EQ(to_hex(confirm_client(*client_key, client_fp, host_fp)), expected["client_confirm"]);
  }
}

// Its identities are not fingerprints, so only the messages can be compared.
TEST(Spake2, LibraryVectorMessages) {
  const auto vector = test::vectors_named("spake2/library-vector").front();
  const auto password = vector["inputs"]["password"].get<std::string>();
  FixedScalar a(vector["inputs"]["scalar_a"]);
  FixedScalar b(vector["inputs"]["scalar_b"]);
  EXPECT_EQ(to_hex(Spake2(Spake2::Role::client, as_bytes(password), {}, {}, a).message()),
            vector["expected"]["message_a"]);
  EXPECT_EQ(to_hex(Spake2(Spake2::Role::host, as_bytes(password), {}, {}, b).message()),
            vector["expected"]["message_b"]);
}

TEST(Spake2, OnlyEqualPinsAndFingerprintsAgree) {
  const std::uint64_t seed = test::new_seed();
  SeededRandom random(seed);
  const Spake2 client(Spake2::Role::client, as_bytes("4321"), filled(1), filled(2), random);
  const auto agree = [&](std::string_view pin, const Digest& client_fp, const Digest& host_fp) {
    const Spake2 host(Spake2::Role::host, as_bytes(pin), client_fp, host_fp, random);
    const auto client_key = client.finish(host.message());
    const auto host_key = host.finish(client.message());
    return client_key && host_key && equal_constant_time(client_key->view(), host_key->view());
  };
  EXPECT_TRUE(agree("4321", filled(1), filled(2)));
  EXPECT_FALSE(agree("4322", filled(1), filled(2)));
  EXPECT_FALSE(agree("04321", filled(1), filled(2)));
  EXPECT_FALSE(agree("4321", filled(3), filled(2)));
  EXPECT_FALSE(agree("4321", filled(1), filled(3)));
}

TEST(Spake2, MalformedMessagesAreRefused) {
  SeededRandom random(1);
  const Spake2 client(Spake2::Role::client, as_bytes("4321"), filled(1), filled(2), random);
  const Spake2 host(Spake2::Role::host, as_bytes("4321"), filled(1), filled(2), random);
  const Bytes good(host.message().begin(), host.message().end());
  ASSERT_TRUE(client.finish(good));

  EXPECT_FALSE(client.finish({}));
  EXPECT_FALSE(client.finish(ByteView(good).first(32)));
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(client.finish(longer));
  EXPECT_FALSE(client.finish(client.message()));  // our own, reflected
  Bytes other_side = good;
  other_side[0] = 'S';
  EXPECT_FALSE(client.finish(other_side));
}

TEST(Spake2, PointsOutsideTheGroupAreRefused) {
  SeededRandom random(1);
  const Spake2 client(Spake2::Role::client, as_bytes("4321"), filled(1), filled(2), random);
  const char* const points[] = {
      "0100000000000000000000000000000000000000000000000000000000000000",  // identity
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // order 2
      "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // identity, not canonical
      "0200000000000000000000000000000000000000000000000000000000000000",  // not on the curve
  };
  for (const char* const point : points) {
    SCOPED_TRACE(point);
    Bytes message = {'B'};
    append(message, from_hex(point).value());
    EXPECT_FALSE(client.finish(message));
  }
  // A good point plus one of order 2 is on the curve, but not in the prime-order group.
  const Spake2 host(Spake2::Role::host, as_bytes("4321"), filled(1), filled(2), random);
  Bytes mixed(host.message().begin(), host.message().end());
  const Bytes order_two = from_hex(points[1]).value();
  ASSERT_EQ(crypto_core_ed25519_add(mixed.data() + 1, mixed.data() + 1, order_two.data()), 0);
  EXPECT_FALSE(client.finish(mixed));
}

}  // namespace
}  // namespace punktfunk::crypto
