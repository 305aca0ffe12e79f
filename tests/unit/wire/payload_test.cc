// SPDX-License-Identifier: MIT OR Apache-2.0
// Fixed layouts: media header, input events, scroll, key codes, feedback bounds, host timing, audio.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "core/wire/audio.h"
#include "core/wire/feedback.h"
#include "core/wire/fields.h"
#include "core/wire/host_timing.h"
#include "core/wire/input_event.h"
#include "core/wire/key_codes.h"
#include "core/wire/media_header.h"
#include "core/wire/scroll.h"

namespace punktfunk::wire {
namespace {

TEST(MediaHeader, RoundTripsAnyBytesOfAKnownStream) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = random.bytes<kHeaderBytes>();
    bytes[0] = static_cast<std::uint8_t>(bytes[0] & 1U);
    std::array<std::uint8_t, kHeaderBytes> again{};
    MediaHeader::read(bytes).write(again);
    EXPECT_EQ(bytes, again);
  }
}

TEST(MediaHeader, KnowsTwoStreams) {
  for (int first = 0; first < 256; ++first)
    EXPECT_EQ(is_media_tag(static_cast<std::uint8_t>(first)), first < 2);
}

MediaHeader last_block(std::uint32_t base, std::uint16_t k, std::uint16_t pad) {
  MediaHeader header;
  header.flags = kFlagLastBlock;
  header.base = base;
  header.k = k;
  header.pad = pad;
  return header;
}

TEST(MediaHeader, GeometryHoldsThePaddingRule) {
  EXPECT_EQ(check_geometry(last_block(0, 2, 12), 16)->frame_bytes, 20U);
  EXPECT_FALSE(check_geometry(last_block(0, 2, 16), 16));
  EXPECT_EQ(check_geometry(last_block(0, 1, 16), 16)->frame_bytes, 0U);
  EXPECT_FALSE(check_geometry(last_block(1, 1, 16), 16));
  EXPECT_FALSE(check_geometry(last_block(0, 1, 17), 16));
  EXPECT_FALSE(check_geometry(last_block(0, 0, 0), 16));
  // 2^32 bytes do not fit the length's type; one less does.
  EXPECT_FALSE(check_geometry(last_block(0x007FFFFF, 1, 0), 512));
  EXPECT_EQ(check_geometry(last_block(0x007FFFFF, 1, 1), 512)->frame_bytes, 0xFFFFFFFFU);
  EXPECT_FALSE(check_geometry(last_block(UINT32_MAX, UINT16_MAX, 0), 9170));
}

TEST(MediaHeader, GeometryHoldsTheShardIndex) {
  MediaHeader header = last_block(0, 2, 0);
  header.m = UINT16_MAX;
  header.shard = UINT16_MAX;
  EXPECT_TRUE(check_geometry(header, 16));
  header.m = 1;
  header.shard = 3;
  EXPECT_FALSE(check_geometry(header, 16));
}

TEST(MediaHeader, CaptureTimeFollowsTheNewest) {
  EXPECT_EQ(expand_pts_us(std::nullopt, 7), 7U);
  EXPECT_EQ(expand_pts_us(4294967285U, 4), 4294967300U);
  EXPECT_EQ(expand_pts_us(4294967300U, 4294967285U), 4294967285U);
  EXPECT_EQ(expand_pts_us(5, 4294967290U), 4294967290U);
  EXPECT_EQ(expand_pts_us(5, 3), 3U);
}

TEST(InputEvent, RefusesEveryOtherLengthAndFirstByte) {
  const auto bytes = InputEvent{InputKind::key_down, 65, 0, 0, 0}.encode();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(InputEvent::decode(ByteView(bytes).first(length)));
  }
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(0);
  EXPECT_FALSE(InputEvent::decode(longer));
  auto other = bytes;
  other[0] = 0xC9;
  EXPECT_FALSE(InputEvent::decode(other));
}

TEST(InputEvent, KnowsSeventeenKinds) {
  for (int kind = 0; kind < 256; ++kind) {
    InputEvent event{static_cast<InputKind>(kind), 0, 0, 0, 0};
    if (event.kind == InputKind::mouse_position) event.flags = 1920U << 16 | 1080U;
    EXPECT_EQ(InputEvent::decode(event.encode()).has_value(), kind <= 16) << kind;
  }
}

TEST(InputEvent, PositionNeedsAnArea) {
  for (const std::uint32_t area : {0U, 1920U << 16, 1080U}) {
    EXPECT_FALSE(InputEvent::decode(InputEvent{InputKind::mouse_position, 0, 1, 1, area}.encode()));
  }
}

TEST(Scroll, KeepsTheRulesOfSourceAndPhase) {
  for (std::uint32_t source = 0; source < 8; ++source) {
    for (std::uint32_t phase = 0; phase < 10; ++phase) {
      for (const std::int32_t x : {0, 5}) {
        const bool stop = phase == 3 || phase == 4 || phase == 7;
        const bool wanted = source <= 5 && phase <= 7 && !(stop && x != 0) && !(source <= 1 && phase != 0) &&
                            !(phase >= 5 && (source < 2 || source > 4));
        EXPECT_EQ(is_valid_scroll({InputKind::scroll, 0, x, 0, source | phase << 8}), wanted)
            << source << " " << phase << " " << x;
      }
    }
  }
  EXPECT_FALSE(is_valid_scroll({InputKind::scroll, 2, 1, 0, 1}));
  EXPECT_FALSE(is_valid_scroll({InputKind::scroll, 0, 1, 1, 1}));
  EXPECT_FALSE(is_valid_scroll({InputKind::scroll, 0, 1, 0, 0x10001}));
}

TEST(Scroll, AccumulatorLosesNothingOverManySteps) {
  ScrollAccumulator accumulator;
  std::int64_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    if (const auto event = accumulator.add(ScrollSource::continuous, ScrollPhase::none, 0, 0.0625))
      sent += event->x;
  }
  EXPECT_EQ(sent, 16000);
}

TEST(Scroll, AccumulatorRefusesWhatIsNoNumber) {
  ScrollAccumulator accumulator;
  EXPECT_FALSE(accumulator.add(ScrollSource::wheel, ScrollPhase::none, 0, std::nan("")));
  EXPECT_FALSE(
      accumulator.add(ScrollSource::wheel, ScrollPhase::none, 0, std::numeric_limits<double>::infinity()));
  EXPECT_EQ(accumulator.add(ScrollSource::wheel, ScrollPhase::none, 0, -1e300)->x, INT32_MIN);
}

TEST(KeyCodes, EveryKeyComesBack) {
  int keys = 0;
  for (std::uint32_t evdev = 0; evdev <= UINT16_MAX; ++evdev) {
    const auto vk = evdev_to_vk(static_cast<std::uint16_t>(evdev));
    if (!vk) continue;
    ++keys;
    EXPECT_EQ(vk_to_evdev(*vk), evdev);
    EXPECT_EQ(vk_to_evdev(*vk | 0x80000000U), evdev);
  }
  EXPECT_EQ(keys, 114);
  EXPECT_FALSE(vk_to_evdev(0));
  EXPECT_FALSE(vk_to_evdev(256));
  EXPECT_FALSE(vk_to_evdev(0x40000041U));
}

TEST(Feedback, SixteenShardsAtMost) {
  Feedback feedback;
  feedback.resend_frame = 1;
  feedback.resend_shards.assign(20, 5);
  const Bytes body = feedback.encode();
  EXPECT_EQ(Feedback::decode(body)->resend_shards.size(), 16U);
  Bytes more = body;
  append(more, FieldWriter().integer(13, std::uint16_t{5}).take());
  EXPECT_FALSE(Feedback::decode(more));
}

TEST(Feedback, ShardsMayComeBeforeTheirFrame) {
  EXPECT_TRUE(
      Feedback::decode(FieldWriter().integer(13, std::uint16_t{5}).integer(17, std::uint32_t{1}).take()));
  EXPECT_FALSE(Feedback::decode(FieldWriter().integer(13, std::uint16_t{5}).take()));
}

TEST(Feedback, LastOfARepeatedTagCounts) {
  const Bytes body = FieldWriter().integer(4, std::uint16_t{1}).integer(4, std::uint16_t{2}).take();
  EXPECT_EQ(Feedback::decode(body)->ask, 2);
}

TEST(Feedback, EmptyIsFine) { EXPECT_EQ(Feedback::decode({}), Feedback()); }

TEST(HostTiming, TornStagesReadAsTheShortForm) {
  const HostTiming timing{42, 5500, 1000, 3000, 1500};
  Bytes bytes = timing.encode();
  ASSERT_EQ(bytes.size(), 25U);
  for (std::size_t length = 0; length < 25; ++length) {
    const auto read = HostTiming::decode(ByteView(bytes).first(length));
    EXPECT_EQ(read.has_value(), length >= 13);
    if (read) {
      EXPECT_FALSE(read->queue_us);
    }
  }
  bytes.push_back(0);
  EXPECT_EQ(HostTiming::decode(bytes), timing);
}

template <class Message>
void expect_headers_checked(const Message& message, std::size_t header_bytes) {
  const Bytes bytes = message.encode();
  EXPECT_EQ(Message::decode(bytes), message);
  for (std::size_t length = 0; length < header_bytes; ++length) {
    EXPECT_FALSE(Message::decode(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))));
  }
  Bytes other = bytes;
  other[0] = 0;
  EXPECT_FALSE(Message::decode(other));
}

TEST(Audio, HeadersAreChecked) {
  expect_headers_checked(AudioPacket{kOpusByte, 7, 1000, {1, 2, 3}}, 13);
  expect_headers_checked(AudioPacket{kOpusByte, 7, 1000, {}}, 13);
  expect_headers_checked(RedundantAudio{8, 5001000, {4, 5, 6}, {1, 2, 3}}, 18);
  expect_headers_checked(RedundantAudio{8, 5001000, {}, {}}, 15);
  expect_headers_checked(PadAudio{2, 0, 1, 1000, {0xAA}}, 15);
}

TEST(Audio, PcmFramesFitTheRoom) {
  EXPECT_EQ(longest_pcm_frame(48000, 24, 2, 1187), (PcmFrame{4000, 192, 1152}));
  EXPECT_FALSE(longest_pcm_frame(176400, 24, 8, 1187));
  EXPECT_FALSE(longest_pcm_frame(0, 16, 2, 1187));
  EXPECT_FALSE(longest_pcm_frame(UINT32_MAX, UINT32_MAX, UINT32_MAX, 1187));
}

}  // namespace
}  // namespace punktfunk::wire
