// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/media_keys.h"

#include <gtest/gtest.h>

#include "vectors.h"

namespace punktfunk::crypto {
namespace {

using test::hex_of;

TEST(MediaKeys, DirectionSecrets) {
  for (const auto& vector : test::vectors_named("media/direction-secrets")) {
    const DirectionSecrets secrets = derive_direction_secrets(hex_of(vector["inputs"]["exporter"]));
    EXPECT_EQ(to_hex(secrets.host_to_client.view()), vector["expected"]["h2c"]);
    EXPECT_EQ(to_hex(secrets.client_to_host.view()), vector["expected"]["c2h"]);
  }
}

TEST(MediaKeys, KeyAndIvPerIndex) {
  for (const auto& vector : test::vectors_named("media/keys/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    const DirectionSecrets secrets = derive_direction_secrets(hex_of(inputs["exporter"]));
    const Secret<32>& secret = inputs["direction"] == "h2c" ? secrets.host_to_client : secrets.client_to_host;
    const auto suite = static_cast<CipherSuite>(inputs["suite"].get<int>());
    const MediaKey key = derive_media_key(secret, suite, test::number_of(inputs["index"]));
    EXPECT_EQ(to_hex(ByteView(key.key.view()).first(key_bytes(suite))), vector["expected"]["key"]);
    EXPECT_EQ(to_hex(key.iv.view()), vector["expected"]["iv"]);
  }
}

TEST(MediaKeys, IndexChangesEvery8388608Packets) {
  EXPECT_EQ(key_index(8388607), 0u);
  EXPECT_EQ(key_index(8388608), 1u);
}

}  // namespace
}  // namespace punktfunk::crypto
