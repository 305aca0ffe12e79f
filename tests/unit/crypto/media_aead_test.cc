// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/media_aead.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>

#include "base/random.h"
#include "seed.h"
#include "vectors.h"

namespace punktfunk::crypto {
namespace {

using test::hex_of;

Secret<32> test_secret() { return derive_direction_secrets(Bytes(32, 9)).host_to_client; }

Bytes make_packet(std::size_t plaintext_bytes, std::uint8_t fill) {
  return Bytes(kMediaAadBytes + plaintext_bytes + kMediaTagBytes, fill);
}

Bytes sealed(MediaSealer& sealer, std::uint64_t number, Bytes packet) {
  const MediaSealer::Item item{number, packet};
  sealer.seal({&item, 1});
  return packet;
}

void check_vectors(const aead::Backend& backend) {
  for (const auto& vector : test::vectors_named("media/seal/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    const auto suite = static_cast<CipherSuite>(inputs["suite"].get<int>());
    const std::uint64_t number = test::number_of(inputs["seq"]);
    ASSERT_EQ(inputs["direction"], "h2c");
    const Secret<32> secret = derive_direction_secrets(hex_of(inputs["exporter"])).host_to_client;

    EXPECT_EQ(key_index(number), test::number_of(vector["expected"]["key_index"]));
    const MediaKey key = derive_media_key(secret, suite, key_index(number));
    EXPECT_EQ(to_hex(packet_nonce(key.iv, number)), vector["expected"]["nonce"]);

    const Bytes plaintext = hex_of(inputs["plaintext"]);
    Bytes packet = hex_of(inputs["aad"]);
    append(packet, plaintext);
    packet.resize(packet.size() + kMediaTagBytes);
    MediaSealer sealer(secret, suite, backend);
    packet = sealed(sealer, number, packet);
    EXPECT_EQ(to_hex(ByteView(packet).subspan(kMediaAadBytes)), vector["expected"]["sealed"]);

    MediaOpener opener(secret, suite, backend);
    ASSERT_TRUE(opener.open(number, packet));
    EXPECT_EQ(to_hex(ByteView(packet).subspan(kMediaAadBytes, plaintext.size())), to_hex(plaintext));
  }
}

TEST(MediaAead, VectorsWithEveryBackend) {
  for (const aead::Backend* const backend : aead::available_backends()) {
    SCOPED_TRACE(backend->name);
    check_vectors(*backend);
  }
}

// Where the build has the fast library and the CPU can run it, it has to be what sessions get.
TEST(MediaAead, TheFastestBackendIsTheDefault) {
  const auto all = aead::available_backends();
  ASSERT_FALSE(all.empty());
  EXPECT_STREQ(all.front()->name, "openssl");
  if (std::getenv("PUNKTFUNK_AEAD") != nullptr) GTEST_SKIP() << "PUNKTFUNK_AEAD is set";
  EXPECT_EQ(&aead::default_backend(), all.back());
}

using SuiteAndBackend = std::tuple<CipherSuite, const aead::Backend*>;

class MediaAeadSuite : public testing::TestWithParam<SuiteAndBackend> {
 protected:
  [[nodiscard]] CipherSuite suite() const { return std::get<0>(GetParam()); }
  [[nodiscard]] const aead::Backend& backend() const { return *std::get<1>(GetParam()); }
  [[nodiscard]] MediaSealer make_sealer() const { return {test_secret(), suite(), backend()}; }
  [[nodiscard]] MediaOpener make_opener() const { return {test_secret(), suite(), backend()}; }
};

TEST_P(MediaAeadSuite, EveryFlippedBitIsNoticed) {
  MediaSealer sealer = make_sealer();
  MediaOpener opener = make_opener();
  const Bytes good = sealed(sealer, 7, make_packet(9, 0x5a));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_FALSE(opener.open(7, bad)) << "bit " << bit;
  }
  Bytes wrong_number = good;
  EXPECT_FALSE(opener.open(8, wrong_number));
  // None of the failures may have spoilt the context.
  Bytes packet = good;
  EXPECT_TRUE(opener.open(7, packet));
  EXPECT_EQ(packet[kMediaAadBytes], 0x5a);
}

TEST_P(MediaAeadSuite, TooShortIsRefused) {
  MediaOpener opener = make_opener();
  for (std::size_t bytes = 0; bytes <= kMediaAadBytes + kMediaTagBytes; ++bytes) {
    Bytes packet(bytes);
    EXPECT_FALSE(opener.open(0, packet));
  }
}

// Reordering around a key change, and forgeries of far numbers in between, must not confuse the cached
// contexts.
TEST_P(MediaAeadSuite, KeysOnBothSidesOfAChange) {
  MediaSealer sealer = make_sealer();
  MediaOpener opener = make_opener();
  const std::uint64_t edge = 3 * kPacketsPerKey;
  for (const std::uint64_t number : {edge - 1, edge, edge - 2, edge + 1, edge - 3, edge + kPacketsPerKey,
                                     edge - 4, edge + 2, std::uint64_t{0}}) {
    Bytes packet = sealed(sealer, number, make_packet(100, 0x33));
    Bytes forged = packet;
    EXPECT_FALSE(opener.open(number + kPacketsPerKey, forged));
    ASSERT_TRUE(opener.open(number, packet)) << number;
    EXPECT_EQ(packet[kMediaAadBytes + 99], 0x33);
  }
}

// A slot that held another key before must give what a sealer without history gives.
TEST_P(MediaAeadSuite, HistoryDoesNotMatter) {
  MediaSealer used = make_sealer();
  for (const std::uint64_t index : {0u, 3u, 1u, 6u, 0u, 4u}) {
    MediaSealer fresh = make_sealer();
    const std::uint64_t number = index * kPacketsPerKey + 11;
    EXPECT_EQ(sealed(used, number, make_packet(30, 0x44)), sealed(fresh, number, make_packet(30, 0x44)))
        << index;
  }
}

TEST_P(MediaAeadSuite, RandomLengthsRoundTrip) {
  const std::uint64_t seed = test::new_seed();
  SeededRandom random(seed);
  MediaSealer sealer = make_sealer();
  MediaOpener opener = make_opener();
  std::vector<Bytes> packets;
  std::vector<Bytes> originals;
  for (int i = 0; i < 200; ++i) {
    Bytes packet = make_packet(random.engine()() % 9200, 0);
    random.fill(packet);
    originals.push_back(packet);
    packets.push_back(std::move(packet));
  }
  std::vector<MediaSealer::Item> items;
  for (std::size_t i = 0; i < packets.size(); ++i) items.push_back({i, packets[i]});
  sealer.seal(items);
  for (std::size_t i = packets.size(); i-- > 0;) {
    ASSERT_TRUE(opener.open(i, packets[i]));
    const std::size_t keep = packets[i].size() - kMediaTagBytes;
    EXPECT_TRUE(std::equal(packets[i].begin(), packets[i].begin() + static_cast<std::ptrdiff_t>(keep),
                           originals[i].begin()));
  }
}

// One batch: several keys, forgeries in between, and every packet judged for itself.
TEST_P(MediaAeadSuite, BatchesAreOpenedPacketByPacket) {
  SeededRandom random(test::new_seed());
  MediaSealer sealer = make_sealer();
  MediaOpener opener = make_opener();
  std::vector<Bytes> plain;
  std::vector<Bytes> packets;
  std::vector<MediaPacket> batch;
  for (std::uint64_t i = 0; i < 100; ++i) {
    plain.push_back(make_packet(random.engine()() % 1500, 0));
    random.fill(plain.back());
    packets.push_back(plain.back());
  }
  for (std::uint64_t i = 0; i < packets.size(); ++i)
    batch.push_back({2 * kPacketsPerKey - 40 + i, packets[i]});
  sealer.seal(batch);
  for (std::size_t i = 0; i < packets.size(); i += 7) packets[i][random.engine()() % packets[i].size()] ^= 1;
  const auto authentic = std::make_unique<bool[]>(packets.size());
  opener.open(batch, {authentic.get(), packets.size()});
  for (std::size_t i = 0; i < packets.size(); ++i) {
    ASSERT_EQ(authentic[i], i % 7 != 0) << i;
    if (!authentic[i]) continue;
    const std::size_t keep = packets[i].size() - kMediaTagBytes;
    EXPECT_EQ(to_hex(ByteView(packets[i]).first(keep)), to_hex(ByteView(plain[i]).first(keep))) << i;
  }
}

// Every length around the block sizes of the ciphers, at every alignment of the buffer.
TEST_P(MediaAeadSuite, GivesTheBytesOfTheReference) {
  SeededRandom random(test::new_seed());
  MediaSealer reference(test_secret(), suite(), *aead::available_backends().front());
  MediaSealer sealer = make_sealer();
  MediaOpener opener = make_opener();
  std::uint64_t number = kPacketsPerKey - 300;
  for (std::size_t length = 0; length < 600; ++length, ++number) {
    Bytes source(kMinMediaPacketBytes + (length < 530 ? length : 1300 + random.engine()() % 7000));
    random.fill(source);
    const Bytes expected = sealed(reference, number, source);
    Bytes buffer(source.size() + 64);
    const MutableBytes packet = MutableBytes(buffer).subspan(length % 64, source.size());
    std::copy(source.begin(), source.end(), packet.begin());
    const MediaPacket item{number, packet};
    sealer.seal({&item, 1});
    ASSERT_TRUE(std::equal(packet.begin(), packet.end(), expected.begin())) << length;
    ASSERT_TRUE(opener.open(number, packet)) << length;
    ASSERT_TRUE(std::equal(packet.begin(), packet.end() - kMediaTagBytes, source.begin())) << length;
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      const bool outside = i < length % 64 || i >= length % 64 + source.size();
      ASSERT_TRUE(!outside || buffer[i] == 0) << "written outside";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Suites, MediaAeadSuite,
    testing::Combine(testing::Values(CipherSuite::aes128_gcm, CipherSuite::chacha20_poly1305),
                     testing::ValuesIn(aead::available_backends().begin(), aead::available_backends().end())),
    [](const testing::TestParamInfo<SuiteAndBackend>& parameters) {
      std::string name = std::get<1>(parameters.param)->name;
      std::erase(name, '-');
      return name + (std::get<0>(parameters.param) == CipherSuite::aes128_gcm ? "_aes128_gcm"
                                                                              : "_chacha20_poly1305");
    });

}  // namespace
}  // namespace punktfunk::crypto
