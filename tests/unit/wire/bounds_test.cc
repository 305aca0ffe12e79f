// SPDX-License-Identifier: MIT OR Apache-2.0
// Bounds and small rules of single messages: cursor, HDR, clipboard, controller management, device proof,
// probe, epochs, access levels, audio layouts, text and the simple form of scrolling.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/wire/audio_layout.h"
#include "core/wire/auth_messages.h"
#include "core/wire/clipboard.h"
#include "core/wire/control_frame.h"
#include "core/wire/cursor.h"
#include "core/wire/fields.h"
#include "core/wire/grants.h"
#include "core/wire/hdr_meta.h"
#include "core/wire/hello.h"
#include "core/wire/host_messages.h"
#include "core/wire/input_event.h"
#include "core/wire/pad_messages.h"
#include "core/wire/pairing_messages.h"
#include "core/wire/scroll.h"
#include "core/wire/session_messages.h"

namespace punktfunk::wire {
namespace {

CursorShape shape_of(std::uint16_t width, std::uint16_t height) {
  return {1, width, height, 0, 0, Bytes(std::size_t{4} * width * height, 9)};
}

TEST(Cursor, ShapeIsOneTo120PixelsASide) {
  for (const std::uint16_t side : {std::uint16_t{1}, std::uint16_t{120}}) {
    EXPECT_TRUE(CursorShape::decode(shape_of(side, 1).encode()));
    EXPECT_TRUE(CursorShape::decode(shape_of(1, side).encode()));
  }
  for (const std::uint16_t side : {std::uint16_t{0}, std::uint16_t{121}, std::uint16_t{65535}}) {
    EXPECT_FALSE(CursorShape::decode(shape_of(side, 1).encode()));
    EXPECT_FALSE(CursorShape::decode(shape_of(1, side).encode()));
  }
  const Bytes largest = shape_of(120, 120).encode();
  EXPECT_TRUE(CursorShape::decode(largest));
  EXPECT_LE(largest.size(), body_bound(static_cast<std::uint64_t>(FrameType::cursor_shape)));
}

TEST(Cursor, ShapeHasAllItsPixelsAndNoMore) {
  for (const std::size_t bytes : {0U, 23U, 25U, 28U}) {
    CursorShape shape = shape_of(2, 3);
    shape.rgba.resize(bytes);
    EXPECT_FALSE(CursorShape::decode(shape.encode())) << bytes;
  }
}

TEST(Cursor, StateMayBeLonger) {
  const CursorState state{3, CursorState::kVisible, 100, -5};
  Bytes bytes = state.encode();
  ASSERT_EQ(bytes.size(), 14U);
  for (std::size_t length = 0; length < 14; ++length) {
    EXPECT_FALSE(
        CursorState::decode(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))));
  }
  bytes.resize(40, 0xFF);
  EXPECT_EQ(CursorState::decode(bytes), state);
  EXPECT_TRUE(state.visible());
  EXPECT_FALSE(state.relative());
  bytes[0] = 0xD1;
  EXPECT_FALSE(CursorState::decode(bytes));
}

TEST(HdrMeta, HasOneLength) {
  const HdrMeta meta{{8500, 39850}, {6550, 2300}, {35400, 14600}, {15635, 16450}, 10'000'000, 1, 1000, 400};
  Bytes bytes = meta.encode();
  ASSERT_EQ(bytes.size(), 29U);
  EXPECT_EQ(HdrMeta::decode(bytes), meta);
  EXPECT_EQ(HdrMeta::from_value(meta.value()), meta);
  for (std::size_t length = 0; length < 29; ++length) {
    EXPECT_FALSE(HdrMeta::decode(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))));
  }
  bytes.push_back(0);
  EXPECT_FALSE(HdrMeta::decode(bytes));
}

TEST(Clipboard, OfferHasSixteenKindsAtMost) {
  ClipOffer offer;
  offer.kinds.assign(20, {"text/plain", 1});
  const Bytes body = offer.encode();
  EXPECT_EQ(ClipOffer::decode(body)->kinds.size(), 16U);
  Bytes more = body;
  append(more, FieldWriter().bytes(2, Bytes(8)).take());
  EXPECT_FALSE(ClipOffer::decode(more));
}

TEST(Clipboard, TypesAreBounded) {
  const auto offer_of = [](std::size_t mime_bytes) {
    return ClipOffer{1, {{std::string(mime_bytes, 'a'), 7}}}.encode();
  };
  EXPECT_TRUE(ClipOffer::decode(offer_of(0)));
  EXPECT_TRUE(ClipOffer::decode(offer_of(128)));
  EXPECT_FALSE(ClipOffer::decode(offer_of(129)));
  EXPECT_FALSE(ClipOffer::decode(FieldWriter().bytes(2, Bytes(7)).take()));  // too short for the size
  EXPECT_FALSE(ClipOffer::decode(ClipOffer{1, {{"\xFF", 7}}}.encode()));
  EXPECT_TRUE(ClipFetch::decode(ClipFetch{1, 2, std::string(128, 'a')}.encode()));
  EXPECT_FALSE(ClipFetch::decode(ClipFetch{1, 2, std::string(129, 'a')}.encode()));
  EXPECT_EQ(ClipFetch::decode({})->file_index, 0U);

  // The largest that is allowed fits the frame.
  ClipOffer largest{UINT32_MAX, {}};
  largest.kinds.assign(16, {std::string(128, 'a'), UINT64_MAX});
  EXPECT_EQ(ClipOffer::decode(largest.encode()), largest);
  EXPECT_LE(largest.encode().size(), body_bound(static_cast<std::uint64_t>(FrameType::clip_offer)));
}

TEST(Clipboard, NumbersMustFit) {
  EXPECT_FALSE(ClipState::decode(FieldWriter().integer(2, std::uint16_t{256}).take()));
  EXPECT_FALSE(ClipControl::decode(FieldWriter().integer(2, std::uint16_t{256}).take()));
  EXPECT_FALSE(ClipFetch::decode(FieldWriter().integer(2, std::uint64_t{1} << 32).take()));
  EXPECT_FALSE(ClipFetchHeader::decode(FieldWriter().integer(1, std::uint16_t{256}).take()));
  EXPECT_FALSE(ClipOffer::decode(FieldWriter().integer(1, std::uint64_t{1} << 32).take()));
  EXPECT_EQ(ClipFetchHeader::decode(FieldWriter().integer(1, std::uint8_t{9}).take())->status, 9);
}

// Tag 3 of PadIdentity.
bool replies_are_read(const Bytes& list) {
  return PadIdentity::decode(FieldWriter().bytes(3, list).take()).has_value();
}

TEST(PadIdentity, TornAndOddListsAreRefused) {
  EXPECT_TRUE(replies_are_read({}));
  EXPECT_TRUE(replies_are_read({0, 0}));
  EXPECT_TRUE(replies_are_read({1, 7, 2, 8, 9}));
  EXPECT_FALSE(replies_are_read({0}));
  EXPECT_FALSE(replies_are_read({1, 7}));
  EXPECT_FALSE(replies_are_read({1, 7, 2, 8}));
  EXPECT_FALSE(replies_are_read({1, 7, 2, 8, 9, 0}));
  EXPECT_FALSE(replies_are_read({5, 1}));
}

TEST(PadIdentity, ReportsAndListAreBounded) {
  Bytes list(1 + 64 + 1 + 64, 0);
  list[0] = list[65] = 64;
  EXPECT_TRUE(replies_are_read(list));
  Bytes longer(1 + 65 + 1, 0);
  longer[0] = 65;
  EXPECT_FALSE(replies_are_read(longer));
  EXPECT_TRUE(replies_are_read(Bytes(4096, 0)));
  EXPECT_FALSE(replies_are_read(Bytes(4098, 0)));

  PadIdentity identity{1, "S", {}, 3};
  identity.replies.assign(100, {Bytes(64, 1), Bytes(64, 2)});  // 130 bytes each: 31 fit
  identity.replies.push_back({Bytes(65, 1), {}});
  const auto read = PadIdentity::decode(identity.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->replies.size(), 31U);
}

TEST(PadIdentity, SerialPadAndSlotAreBounded) {
  EXPECT_TRUE(PadIdentity::decode(PadIdentity{15, std::string(32, 's'), {}, 3}.encode()));
  EXPECT_FALSE(PadIdentity::decode(PadIdentity{15, std::string(33, 's'), {}, 3}.encode()));
  EXPECT_FALSE(PadIdentity::decode(PadIdentity{15, "", {}, 4}.encode()));
  EXPECT_FALSE(PadIdentity::decode(PadIdentity{16, "", {}, 0}.encode()));
}

TEST(PadFeature, HasOneTo64Bytes) {
  for (const std::size_t bytes : {0U, 1U, 64U, 65U}) {
    EXPECT_EQ(PadFeature::decode(PadFeature{0, Bytes(bytes, 1)}.encode()).has_value(),
              bytes == 1 || bytes == 64);
  }
  EXPECT_FALSE(PadFeature::decode(PadFeature{16, {1}}.encode()));
}

TEST(PadSlots, IsSixteenBits) {
  EXPECT_EQ(PadSlots::decode(PadSlots{0x8001}.encode())->free, 0x8001);
  EXPECT_FALSE(PadSlots::decode(FieldWriter().integer(1, std::uint32_t{65536}).take()));
}

TEST(Auth, NothingMayBeMissingOrTooLong) {
  EXPECT_FALSE(AuthChallenge::decode({}));
  EXPECT_FALSE(AuthChallenge::decode(FieldWriter().bytes(1, Bytes(31)).take()));
  EXPECT_FALSE(AuthResponse::decode({}));
  EXPECT_FALSE(AuthResponse::decode(AuthResponse{{}, {1}}.encode()));
  EXPECT_FALSE(AuthResponse::decode(AuthResponse{{1}, {}}.encode()));
  EXPECT_FALSE(AuthResponse::decode(AuthResponse{{1}, Bytes(73, 1)}.encode()));
  EXPECT_FALSE(AuthResponse::decode(AuthResponse{Bytes(kMaxDeviceKeyBytes + 1, 1), {1}}.encode()));
}

TEST(Auth, SignedBytesAreLabelBindingNonce) {
  const Bytes bytes = auth_signed_bytes(AuthBinding{0xB1}, AuthNonce{0xA5});
  ASSERT_EQ(bytes.size(), 25U + 64U);
  EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 25), "punktfunk-device-auth-v1:");
  EXPECT_EQ(bytes[25], 0xB1);
  EXPECT_EQ(bytes[57], 0xA5);
}

TEST(Probe, RequestsAreClamped) {
  const ProbeRequest large{UINT32_MAX, UINT32_MAX, 60, 1, 2};
  EXPECT_EQ(large.clamped(), (ProbeRequest{10'000'000, 5000, 60, 1, 2}));
  const ProbeRequest small{100'000, 500, 0, 0, 0};
  EXPECT_EQ(small.clamped(), small);
  EXPECT_EQ(small.filler_bytes(), 16384U);  // 52083 without the bound
  EXPECT_EQ((ProbeRequest{10'000, 0, 0, 0, 0}).filler_bytes(), 5208U);
  EXPECT_EQ((ProbeRequest{}).filler_bytes(), 1200U);
  EXPECT_EQ(large.filler_bytes(), 16384U);
}

TEST(Epoch, Past128AreDropped) {
  for (int newest = 0; newest < 256; ++newest) {
    for (int behind = 0; behind < 256; ++behind) {
      const auto epoch = static_cast<std::uint8_t>(newest - behind);
      EXPECT_EQ(is_past_epoch(epoch, static_cast<std::uint8_t>(newest)), behind >= 1 && behind <= 128);
    }
  }
}

TEST(Grants, LevelIsOfTheFirstEightBits) {
  EXPECT_EQ(access_level(0), AccessLevel::view);
  EXPECT_EQ(access_level(0xFFFFFF00U), AccessLevel::view);
  EXPECT_EQ(access_level(1), AccessLevel::controller);
  EXPECT_EQ(access_level(0x3F), AccessLevel::full);
  EXPECT_EQ(access_level(0x13F), AccessLevel::custom);
}

TEST(AudioLayout, EveryLayoutUsesEachChannelOnce) {
  for (const std::uint8_t channels : {std::uint8_t{6}, std::uint8_t{8}}) {
    for (const std::uint8_t layout : {kLayoutLegacy, kLayoutStandard, kLayoutUncoupled}) {
      const auto opus = opus_layout(channels, layout);
      ASSERT_TRUE(opus);
      EXPECT_EQ(opus->channels, channels);
      EXPECT_EQ(opus->streams + opus->coupled, channels);
      const std::set<int> used(opus->mapping.begin(), opus->mapping.begin() + channels);
      EXPECT_EQ(used.size(), channels);
      EXPECT_EQ(*used.rbegin(), channels - 1);
    }
    EXPECT_FALSE(opus_layout(channels, 3));
  }
  EXPECT_EQ(opus_layout(8, kLayoutStandard)->mapping, (std::array<std::uint8_t, 8>{0, 1, 6, 7, 2, 3, 4, 5}));
  EXPECT_EQ(opus_layout(2, 9), OpusLayout{});
  for (const int channels : {0, 1, 3, 4, 5, 7, 9, 255}) {
    EXPECT_FALSE(opus_layout(static_cast<std::uint8_t>(channels), 0)) << channels;
  }
}

TEST(Text, TakesScalarValuesOnly) {
  for (const std::uint32_t code : {0U, 0x41U, 0xD7FFU, 0xE000U, 0x10FFFFU}) {
    EXPECT_TRUE(InputEvent::decode(InputEvent{InputKind::text, code, 0, 0, 0}.encode())) << code;
  }
  for (const std::uint32_t code : {0xD800U, 0xDFFFU, 0x110000U, UINT32_MAX}) {
    EXPECT_FALSE(InputEvent::decode(InputEvent{InputKind::text, code, 0, 0, 0}.encode())) << code;
  }
}

InputEvent scroll(ScrollSource source, std::int32_t x, std::uint32_t axis = 0) {
  return {InputKind::scroll, axis, x, 0, static_cast<std::uint32_t>(source)};
}

TEST(SimpleScroll, OneDetentIsOneDetent) {
  SimpleScroll simple;
  EXPECT_EQ(simple.convert(scroll(ScrollSource::wheel, 120 * 256)),
            (InputEvent{InputKind::scroll_simple, 0, 120, 0, 0}));
  EXPECT_EQ(simple.convert(scroll(ScrollSource::unknown, -120 * 256, 1)),
            (InputEvent{InputKind::scroll_simple, 1, -120, 0, 0}));
  // Ten pixels are 120 units.
  EXPECT_EQ(simple.convert(scroll(ScrollSource::finger, 10 * 256)),
            (InputEvent{InputKind::scroll_simple, 0, 120, 0, kScrollSmooth}));
}

TEST(SimpleScroll, LosesNothingOverManySteps) {
  SimpleScroll simple;
  std::int64_t sent = 0;
  // 1000 steps of 17/256 px are 66.40625 px, so 796.875 units.
  for (int i = 0; i < 1000; ++i) {
    if (const auto event = simple.convert(scroll(ScrollSource::continuous, 17))) sent += event->x;
  }
  EXPECT_EQ(sent, 796);
  // What is left belongs to that kind of source.
  EXPECT_FALSE(simple.convert(scroll(ScrollSource::wheel, 100)));
  EXPECT_EQ(simple.convert(scroll(ScrollSource::wheel, 156))->x, 1);
}

TEST(SimpleScroll, TakesTheWholeRangeAndRefusesTheRest) {
  EXPECT_EQ(SimpleScroll().convert(scroll(ScrollSource::finger, INT32_MAX))->x, INT32_MAX / 256 * 12 + 11);
  EXPECT_EQ(SimpleScroll().convert(scroll(ScrollSource::finger, INT32_MIN))->x, INT32_MIN / 256 * 12);
  SimpleScroll simple;
  EXPECT_FALSE(simple.convert(scroll(ScrollSource::wheel, 256, 2)));
  EXPECT_FALSE(simple.convert({InputKind::mouse_move, 0, 256, 0, 0}));
}

}  // namespace
}  // namespace punktfunk::wire
