// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/hello.h"

#include <gtest/gtest.h>

#include "core/wire/fields.h"

namespace punktfunk::wire {
namespace {

const SessionId kSession = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

ClientHello client(FieldWriter& fields) {
  const auto hello = ClientHello::decode(fields.take());
  EXPECT_TRUE(hello);
  return hello.value_or(ClientHello());
}

ServerHello server(FieldWriter& fields) {
  fields.bytes(1, kSession);
  const auto hello = ServerHello::decode(fields.take());
  EXPECT_TRUE(hello);
  return hello.value_or(ServerHello());
}

TEST(ClientHello, AbsentFieldsReadAsTheTableSays) {
  const auto hello = ClientHello::decode({});
  ASSERT_TRUE(hello);
  EXPECT_FALSE(hello->resume);
  EXPECT_TRUE(hello->suites.empty());
  EXPECT_EQ(hello->mode, Mode());
  EXPECT_EQ(hello->audio_channels, 2);
  EXPECT_EQ(hello->video_codecs, kCodecHevc);
  EXPECT_EQ(hello->max_shard_payload, 0);
  EXPECT_EQ(hello->audio_rate_hz, 48000U);
  EXPECT_EQ(hello->audio_bits, 16);
  EXPECT_EQ(hello->audio_layout, kLayoutLegacy);
  EXPECT_FALSE(hello->preset);
  EXPECT_FALSE(hello->link);
  EXPECT_FALSE(hello->probe_only);
  EXPECT_FALSE(hello->access_only);
}

TEST(ClientHello, BadValuesReadAsTheTableSays) {
  FieldWriter out;
  out.text(7, std::string(65, 'n')).text(8, std::string(129, 'l')).integer(10, std::uint8_t{5});
  out.integer(11, std::uint8_t{0})
      .bytes(13, Bytes(27))
      .integer(15, std::uint32_t{0})
      .integer(16, std::uint8_t{20});
  out.text(19, "  a\x01" + std::string(200, 'b') + " ").bytes(20, Bytes{1, 9, 9}).bytes(22, Bytes(4));
  out.text(23, std::string(65, 'p')).bytes(24, {}).bytes(26, Bytes{2}).integer(5, std::uint8_t{200});
  const ClientHello hello = client(out);
  EXPECT_EQ(hello.name, "");
  EXPECT_EQ(hello.launch, "");
  EXPECT_EQ(hello.audio_channels, 2);
  EXPECT_EQ(hello.video_codecs, kCodecHevc);
  EXPECT_FALSE(hello.hdr_meta);
  EXPECT_EQ(hello.audio_rate_hz, 48000U);
  EXPECT_EQ(hello.audio_bits, 16);
  EXPECT_EQ(hello.client_label, "a" + std::string(95, 'b'));
  EXPECT_EQ(hello.abr_features, 1);
  EXPECT_FALSE(hello.link);
  EXPECT_EQ(hello.profile, "");
  EXPECT_TRUE(hello.probe_only);
  EXPECT_FALSE(hello.access_only);
  EXPECT_EQ(hello.gamepad, 0);
}

TEST(ClientHello, NameThatIsNotUtf8ReadsAsNone) {
  FieldWriter out;
  out.bytes(7, Bytes{0xC3, 0x28});
  EXPECT_EQ(client(out).name, "");
}

TEST(ClientHello, RefusesWrongFixedLengthsAndOversizedNumbers) {
  EXPECT_FALSE(ClientHello::decode(FieldWriter().bytes(1, Bytes(15)).take()));
  EXPECT_FALSE(ClientHello::decode(FieldWriter().bytes(3, Bytes(11)).take()));
  EXPECT_FALSE(ClientHello::decode(FieldWriter().bytes(3, Bytes(13)).take()));
  EXPECT_FALSE(ClientHello::decode(FieldWriter().integer(4, std::uint16_t{256}).take()));
  EXPECT_FALSE(ClientHello::decode(FieldWriter().bytes(6, {}).take()));
  EXPECT_FALSE(ClientHello::decode(FieldWriter().bytes(6, Bytes(9)).take()));
  // A wider field with a number that fits is fine.
  EXPECT_TRUE(ClientHello::decode(FieldWriter().integer(4, std::uint64_t{255}).take()));
}

TEST(ClientHello, MalformedPresetsReadAsNone) {
  const std::vector<Bytes> bad = {{},          {0},          {0, 0}, {1, 'a'}, {1, 'a', 1}, {1, 'a', 0, 'x'},
                                  {1, ' ', 0}, {200, 'a', 0}};
  for (const Bytes& value : bad) {
    FieldWriter out;
    out.bytes(21, value);
    EXPECT_FALSE(client(out).preset) << to_hex(value);
  }
  FieldWriter out;
  out.bytes(21, Bytes{1, 'a', 2, 'b', 'c'});
  EXPECT_EQ(client(out).preset, (Preset{"a", "bc"}));
}

TEST(ClientHello, WritesTheProfileLateAsTheReferenceDoes) {
  ClientHello hello;
  hello.profile = "p";
  hello.probe_only = true;
  hello.access_only = true;
  std::vector<std::uint64_t> tags;
  const Bytes body = hello.encode();
  FieldReader reader(body);
  while (const auto field = reader.next()) tags.push_back(field->tag);
  EXPECT_EQ(tags, (std::vector<std::uint64_t>{3, 4, 5, 6, 10, 11, 12, 14, 15, 16, 17, 18, 24, 23, 26}));
}

TEST(ServerHello, NeedsASessionId) {
  EXPECT_FALSE(ServerHello::decode({}));
  EXPECT_FALSE(ServerHello::decode(FieldWriter().bytes(1, Bytes(15)).take()));
}

TEST(ServerHello, AbsentFieldsReadAsTheTableSays) {
  FieldWriter out;
  const ServerHello hello = server(out);
  EXPECT_EQ(hello.session_id, kSession);
  EXPECT_FALSE(hello.suite);
  EXPECT_EQ(hello.fec_scheme, kFecGf8);
  EXPECT_EQ(hello.bit_depth, 8);
  EXPECT_EQ(hello.colour, kColourSdr);
  EXPECT_EQ(hello.chroma_format, kChroma420);
  EXPECT_EQ(hello.audio_channels, 2);
  EXPECT_EQ(hello.codec, kCodecHevc);
  EXPECT_EQ(hello.grants, 0xFFU);
  EXPECT_EQ(hello.audio_rate_hz, 48000U);
  EXPECT_EQ(hello.audio_bits, 16);
  EXPECT_EQ(hello.audio_frame_us, 5000);
}

TEST(ServerHello, BadValuesReadAsTheTableSays) {
  FieldWriter out;
  out.integer(6, std::uint8_t{7})
      .integer(16, std::uint8_t{2})
      .integer(17, std::uint8_t{7})
      .integer(18, std::uint8_t{6});
  out.integer(20, std::uint32_t{0x3F}).integer(23, std::uint32_t{22050}).integer(25, std::uint16_t{10});
  out.text(27, std::string(65, 'p'));
  const ServerHello hello = server(out);
  EXPECT_EQ(hello.fec_scheme, kFecGf8);
  EXPECT_EQ(hello.chroma_format, kChroma420);
  EXPECT_EQ(hello.audio_channels, 2);
  EXPECT_EQ(hello.codec, kCodecHevc);
  EXPECT_EQ(hello.grants, 0xFFU);
  EXPECT_EQ(hello.audio_rate_hz, 48000U);
  EXPECT_EQ(hello.audio_frame_us, 1000);
  EXPECT_EQ(hello.profile, "");
}

ServerHello usable() {
  ServerHello hello;
  hello.suite = kSuiteAes128Gcm;
  hello.max_data_per_block = 4096;
  hello.shard_payload = 1408;
  return hello;
}

TEST(ServerHello, CheckTakesWhatTheReferenceHostSends) { EXPECT_TRUE(usable().check()); }

TEST(ServerHello, CheckNamesWhatTheClientCannotUse) {
  ServerHello hello = usable();
  hello.suite.reset();
  EXPECT_FALSE(hello.check());
  hello.suite = std::uint8_t{2};
  EXPECT_FALSE(hello.check());
  hello = usable();
  hello.max_data_per_block = 0;
  EXPECT_FALSE(hello.check());
  for (const std::uint16_t shard :
       {std::uint16_t{510}, std::uint16_t{513}, std::uint16_t{9172}, std::uint16_t{0}}) {
    hello = usable();
    hello.shard_payload = shard;
    EXPECT_FALSE(hello.check()) << shard;
  }
  for (const std::uint16_t shard : {std::uint16_t{512}, std::uint16_t{9170}}) {
    hello = usable();
    hello.shard_payload = shard;
    EXPECT_TRUE(hello.check()) << shard;
  }
  hello = usable();
  hello.audio_layout = 3;
  const auto result = hello.check();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("audio layout 3"), std::string::npos);
}

}  // namespace
}  // namespace punktfunk::wire
