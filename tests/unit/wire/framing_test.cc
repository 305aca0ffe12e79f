// SPDX-License-Identifier: MIT OR Apache-2.0
// Varints, control frames, features, datagrams, demultiplexing and limits.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "core/wire/close_code.h"
#include "core/wire/control_frame.h"
#include "core/wire/datagram.h"
#include "core/wire/demux.h"
#include "core/wire/features.h"
#include "core/wire/fields.h"
#include "core/wire/grants.h"
#include "core/wire/limits.h"
#include "core/wire/varint.h"

namespace punktfunk::wire {
namespace {

TEST(Varint, RoundTripsAtEveryLength) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t value = (random.engine()() & kMaxVarint) >> (random.engine()() % 62);
    Bytes out;
    append_varint(out, value);
    const auto read = read_varint(out);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, value);
    EXPECT_EQ(read->length, out.size());
    out.pop_back();
    EXPECT_FALSE(read_varint(out));
  }
}

TEST(Varint, TakesLongerForms) {
  for (const char* hex : {"25", "4025", "80000025", "c000000000000025"}) {
    const auto read = read_varint(*from_hex(hex));
    ASSERT_TRUE(read) << hex;
    EXPECT_EQ(read->value, 37U);
  }
}

TEST(Fields, IntegersTakeOneToEightBytes) {
  EXPECT_FALSE(read_integer({}, UINT64_MAX));
  EXPECT_EQ(read_integer(Bytes{1}, UINT64_MAX), 1U);
  EXPECT_EQ(read_integer(Bytes(8, 0xFF), UINT64_MAX), UINT64_MAX);
  EXPECT_FALSE(read_integer(Bytes(9, 0), UINT64_MAX));
  EXPECT_EQ(read_integer(Bytes{0xFF, 0, 0, 0, 0}, 255), 255U);
  EXPECT_FALSE(read_integer(Bytes{0, 1}, 255));
}

TEST(Fields, AnyNonzeroIntegerIsTrue) {
  bool flag = false;
  EXPECT_TRUE(FieldTable::read(FieldWriter().integer(1, std::uint64_t{1} << 63).take(), 1)->get(1, flag));
  EXPECT_TRUE(flag);
  EXPECT_FALSE(FieldTable::read(FieldWriter().bytes(1, {}).take(), 1)->get(1, flag));
}

TEST(FrameParser, CutsFramesFromAnyPieces) {
  Bytes stream;
  append_frame(stream, FrameType::client_hello, Bytes(300, 7));
  append_frame(stream, FrameType::ready, {});
  append_frame(stream, FrameType::clock_probe, Bytes(10, 1));
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameParser parser;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      parser.push(ByteView(stream).subspan(at, std::min(piece, stream.size() - at)));
      Frame frame;
      while (parser.next(frame) == FrameParser::Status::frame) frames.push_back(frame);
    }
    ASSERT_EQ(frames.size(), 3U) << "pieces of " << piece;
    EXPECT_TRUE(frames[0].is(FrameType::client_hello));
    EXPECT_EQ(frames[0].body, Bytes(300, 7));
    EXPECT_TRUE(frames[1].is(FrameType::ready));
    EXPECT_TRUE(frames[1].body.empty());
    EXPECT_EQ(frames[2].body.size(), 10U);
    EXPECT_EQ(parser.buffered(), 0U);
  }
}

TEST(FrameParser, RefusesALengthAboveTheBoundAtOnceAndForGood) {
  for (std::uint64_t type = 0; type < 0x60; ++type) {
    Bytes header;
    append_varint(header, type);
    append_varint(header, body_bound(type) + 1);
    FrameParser parser;
    Frame frame;
    parser.push(header);
    EXPECT_EQ(parser.next(frame), FrameParser::Status::too_long) << type;
    EXPECT_EQ(parser.violation()->length, body_bound(type) + 1);
    parser.push(Bytes(1000));
    EXPECT_EQ(parser.next(frame), FrameParser::Status::too_long);
    EXPECT_EQ(parser.buffered(), 0U);
  }
}

TEST(FrameParser, TakesABodyAsLongAsTheBound) {
  for (const std::uint64_t type : {0x01ULL, 0x03ULL, 0x30ULL, 0x7FULL}) {
    Bytes stream;
    append_varint(stream, type);
    append_varint(stream, body_bound(type));
    stream.resize(stream.size() + body_bound(type));
    FrameParser parser;
    Frame frame;
    parser.push(stream);
    ASSERT_EQ(parser.next(frame), FrameParser::Status::frame);
    EXPECT_EQ(frame.body.size(), body_bound(type));
    EXPECT_EQ(frame.type, type);
  }
}

TEST(FrameParser, HugeLengthIsNoOverflow) {
  FrameParser parser;
  Frame frame;
  parser.push(*from_hex("40ffffffffffffffffff"));
  EXPECT_EQ(parser.next(frame), FrameParser::Status::too_long);
}

TEST(FeatureSet, AnswerKeepsHostBitsAndSharesTheRest) {
  FeatureSet host, client;
  host.set(kHostExtension);
  host.set(kStreamConfig);
  host.set(kProfiles);
  client.set(kClientExtension);
  client.set(kStreamConfig);
  client.set(kPadWrites);
  const FeatureSet answer = FeatureSet::answer(host, client);
  EXPECT_TRUE(answer.has(kHostExtension));
  EXPECT_TRUE(answer.has(kStreamConfig));
  EXPECT_FALSE(answer.has(kClientExtension));
  EXPECT_FALSE(answer.has(kProfiles));
  EXPECT_FALSE(answer.has(kPadWrites));
}

TEST(FeatureSet, HoldsAllBitsAndIgnoresMore) {
  for (std::size_t bit = 0; bit < FeatureSet::kBits; ++bit) {
    FeatureSet set;
    set.set(bit);
    EXPECT_EQ(set.encode().size(), bit / 8 + 1);
    EXPECT_EQ(FeatureSet::decode(set.encode()), set);
  }
  FeatureSet set;
  set.set(128);
  set.set(SIZE_MAX);
  EXPECT_EQ(set, FeatureSet());
  EXPECT_FALSE(set.has(SIZE_MAX));
}

TEST(Datagram, ChecksKindAndFirstByteTogether) {
  const std::vector<std::pair<int, std::vector<int>>> allowed = {
      {1, {0xC9, 0xD2, 0xD3, 0xD1, 0xCB}},
      {2, {0xC8, 0xCC}},
      {5, {0xCA}},
      {6, {0xCD}},
      {7, {0xD0}},
      {8, {0xCF}},
      {9, {0xCE}},
  };
  for (const auto& [kind, firsts] : allowed) {
    for (int first = 0; first < 256; ++first) {
      const Bytes bytes = {static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(first)};
      const bool wanted = std::find(firsts.begin(), firsts.end(), first) != firsts.end();
      EXPECT_EQ(parse_datagram(bytes).has_value(), wanted) << kind << " " << first;
    }
    EXPECT_FALSE(parse_datagram(Bytes{static_cast<std::uint8_t>(kind)}));
  }
  EXPECT_FALSE(parse_datagram({}));
  EXPECT_FALSE(parse_datagram(Bytes{10, 0xC8}));
  EXPECT_FALSE(parse_datagram(Bytes{0x40}));
  // Feedback is fields; no field at all is a feedback too.
  EXPECT_TRUE(parse_datagram(Bytes{3}));
}

TEST(Demux, TopTwoBitsDecide) {
  for (int first = 0; first < 256; ++first) {
    EXPECT_EQ(classify(static_cast<std::uint8_t>(first)),
              first < 0x40 ? DatagramClass::media : DatagramClass::quic);
  }
}

TEST(Limits, FrameBytesStayBetweenTheBounds) {
  EXPECT_EQ(max_frame_bytes(0, 60), 64ULL << 20);
  EXPECT_EQ(max_frame_bytes(500, 60), 8ULL << 20);
  EXPECT_EQ(max_frame_bytes(2'000'000, 60), 16'666'666U);
  EXPECT_EQ(max_frame_bytes(UINT32_MAX, 1), 64ULL << 20);
  EXPECT_EQ(max_frame_bytes(UINT32_MAX, 0), 64ULL << 20);
}

TEST(CloseCode, EveryCodeHasASentence) {
  for (std::uint64_t code = 0; code < 0x80; ++code) {
    const std::string text = describe(static_cast<CloseCode>(code));
    EXPECT_GT(text.size(), 10U);
    EXPECT_EQ(text.back(), '.');
  }
}

TEST(Grants, OnlyTheTwoOldMasksWiden) {
  for (std::uint32_t mask = 0; mask < 0x200; ++mask) {
    EXPECT_EQ(normalize_grants(mask), mask == 0x3F || mask == 0x7F ? 0xFFU : mask);
  }
}

}  // namespace
}  // namespace punktfunk::wire
