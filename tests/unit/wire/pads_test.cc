// SPDX-License-Identifier: MIT OR Apache-2.0
// Controllers: states in input events, sequence numbers, rumble, and the layouts of rich input and HID
// output.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "core/wire/gamepad.h"
#include "core/wire/hid_output.h"
#include "core/wire/pen.h"
#include "core/wire/rich_input.h"
#include "core/wire/rumble.h"
#include "core/wire/sequence.h"

namespace punktfunk::wire {
namespace {

using namespace std::chrono_literals;

TEST(Sequence, NewerByHalfSpaceAtEveryDistance) {
  for (int last = 0; last < 256; ++last) {
    for (int distance = 0; distance < 256; ++distance) {
      const auto b = static_cast<std::uint8_t>(last);
      const auto a = static_cast<std::uint8_t>(last + distance);
      EXPECT_EQ(is_newer(a, b), distance > 0 && distance < 128) << last << " " << distance;
    }
  }
  EXPECT_TRUE(is_newer<std::uint32_t>(0x7FFFFFFE, UINT32_MAX));
  EXPECT_FALSE(is_newer<std::uint32_t>(0x7FFFFFFF, UINT32_MAX));
  EXPECT_TRUE(is_newer<std::uint64_t>(0, UINT64_MAX));
}

TEST(PadSequences, KeepOneLineForEachPad) {
  PadSequences sequences;
  EXPECT_TRUE(sequences.take(0, 200));
  EXPECT_TRUE(sequences.take(15, 3));
  EXPECT_FALSE(sequences.take(0, 200));
  EXPECT_FALSE(sequences.take(0, 199));
  EXPECT_TRUE(sequences.take(0, 71));  // 127 further
  EXPECT_FALSE(sequences.take(0, 200));
  EXPECT_TRUE(sequences.take(15, 4));
  sequences.forget(0);
  EXPECT_TRUE(sequences.take(0, 200));
  EXPECT_FALSE(sequences.take(16, 0));
  sequences.forget(SIZE_MAX);
}

TEST(PadState, HasTheValuesTheVectorStates) {
  const InputEvent event{InputKind::gamepad_state, 4097, -2147450881, 131071, 3372156675U};
  EXPECT_EQ(PadState::from_event(event), (PadState{3, 200, 4097, -32768, 32767, 1, -1, 255, 7}));
  EXPECT_EQ((PadState{3, 200, 4097, -32768, 32767, 1, -1, 255, 7}).to_event(), event);
}

TEST(PadState, EveryEventOfItsKindComesBack) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 5000; ++i) {
    auto bytes = random.bytes<kInputEventBytes>();
    bytes[0] = 0xC8;
    bytes[1] = 12;
    bytes[14] = static_cast<std::uint8_t>(bytes[14] & 0x1FU);
    const auto event = InputEvent::decode(bytes);
    ASSERT_TRUE(event);
    const auto state = PadState::from_event(*event);
    EXPECT_EQ(state.has_value(), bytes[14] < 16);
    if (state) {
      EXPECT_EQ(state->to_event(), *event);
    }
  }
}

TEST(PadEvents, TakeOnlyTheirKindAndPad) {
  for (std::uint8_t kind = 0; kind <= 16; ++kind) {
    for (const std::uint32_t pad : {0U, 15U, 16U, 255U}) {
      const InputEvent event{static_cast<InputKind>(kind), 0, 0, 0, pad};
      EXPECT_EQ(PadState::from_event(event).has_value(), kind == 12 && pad < 16);
      EXPECT_EQ(PadRemoved::from_event(event).has_value(), kind == 13 && pad < 16);
      EXPECT_EQ(PadArrived::from_event(event).has_value(), kind == 14 && pad < 16);
    }
  }
}

TEST(PadEvents, ArrivalReadsUnknownKindsAsAutomatic) {
  const PadArrived arrived{2, 2, true, false};
  EXPECT_EQ(arrived.to_event().flags, 0x102U);
  EXPECT_EQ(PadArrived::from_event(arrived.to_event()), arrived);
  for (const std::uint32_t kind : {18U, 19U, 258U, UINT32_MAX}) {
    const auto read = PadArrived::from_event({InputKind::gamepad_arrived, kind, 0, 0, 0});
    EXPECT_EQ(read->kind, kind == 18 ? 18 : 0);
  }
  EXPECT_EQ(PadRemoved::from_event(PadRemoved{2, 9}.to_event()), (PadRemoved{2, 9}));
}

TEST(PadEvents, FourKindsHaveNoMotionSensor) {
  int without = 0;
  for (std::uint8_t kind = 0; kind <= 18; ++kind) without += has_motion_sensor(kind) ? 0 : 1;
  EXPECT_EQ(without, 4);
  EXPECT_TRUE(has_motion_sensor(2));
  EXPECT_FALSE(has_motion_sensor(18));
}

// Every prefix, one byte more, another first byte, another kind and a pad out of range are dropped; the whole
// comes back as it was, also by its kind byte.
template <class Message, class AnyKind>
void expect_exact(const Message& message, std::size_t bytes, AnyKind decode_any) {
  const Bytes whole = message.encode();
  ASSERT_EQ(whole.size(), bytes);
  EXPECT_EQ(Message::decode(whole), message);
  const auto any = decode_any(whole);
  ASSERT_TRUE(any && std::holds_alternative<Message>(*any));
  EXPECT_EQ(std::get<Message>(*any), message);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // A copy of exactly this size, so that a sanitizer sees any read past it.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(Message::decode(cut)) << "length " << length;
    EXPECT_FALSE(decode_any(cut)) << "length " << length;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(Message::decode(longer));
  for (const std::size_t at : {0U, 1U}) {
    Bytes other = whole;
    other[at] = 0;
    EXPECT_FALSE(Message::decode(other)) << "byte " << at;
    EXPECT_FALSE(decode_any(other)) << "byte " << at;
  }
}

template <class Message, class AnyKind>
void expect_pad_checked(Message message, AnyKind decode_any) {
  message.pad = 15;
  EXPECT_TRUE(decode_any(message.encode()));
  message.pad = 16;
  EXPECT_FALSE(decode_any(message.encode()));
}

TEST(RichInput, LengthsAreExact) {
  expect_exact(TouchpadContact{1, 2, true, 0xFFFF, 7}, 9, decode_rich_input);
  expect_exact(PadMotion{1, {-32768, 0, 32767}, {1, -1, 2}}, 15, decode_rich_input);
  expect_exact(TouchpadExtended{1, 1, 0, 3, -32768, 32767, 500}, 12, decode_rich_input);
  expect_exact(HidReport{1, Bytes(64, 9)}, 68, decode_rich_input);
  expect_exact(HidReport{1, {}}, 4, decode_rich_input);
  expect_exact(PenBatch{7, {}}, 6, decode_rich_input);
  expect_exact(PenBatch{0xFFFF, std::vector<PenSample>(8)}, 6 + 21 * 8, decode_rich_input);
}

TEST(RichInput, PadsAreBounded) {
  expect_pad_checked(TouchpadContact{}, decode_rich_input);
  expect_pad_checked(PadMotion{}, decode_rich_input);
  expect_pad_checked(TouchpadExtended{}, decode_rich_input);
  expect_pad_checked(HidReport{}, decode_rich_input);
}

TEST(RichInput, KnowsFiveKinds) {
  const Bytes zeros(200, 0);
  int kinds = 0;
  for (int kind = 0; kind < 256; ++kind) {
    for (std::size_t length = 2; length < zeros.size(); ++length) {
      Bytes payload(zeros.begin(), zeros.begin() + static_cast<std::ptrdiff_t>(length));
      payload[0] = 0xCC;
      payload[1] = static_cast<std::uint8_t>(kind);
      if (decode_rich_input(payload)) ++kinds;
    }
  }
  EXPECT_EQ(kinds, 5);  // each at one length, an empty report and an empty batch among them
}

TEST(RichInput, ReportsKeepTheirBound) {
  EXPECT_EQ(HidReport::decode(HidReport{0, Bytes(300, 1)}.encode())->data.size(), 64U);
  Bytes payload = {0xCC, 4, 0, 65};
  payload.resize(4 + 65);
  EXPECT_FALSE(HidReport::decode(payload));
}

TEST(RichInput, AnyNonzeroByteIsAnActiveFinger) {
  Bytes payload = TouchpadContact{0, 0, true, 1, 2}.encode();
  payload[4] = 0x80;
  EXPECT_TRUE(TouchpadContact::decode(payload)->active);
  payload[4] = 0;
  EXPECT_FALSE(TouchpadContact::decode(payload)->active);
}

TEST(Pen, NineSamplesAreTooMany) {
  EXPECT_EQ(PenBatch::decode(PenBatch{1, std::vector<PenSample>(20)}.encode())->samples.size(), 8U);
  Bytes payload = {0xCC, 5, 0, 9, 0, 0};
  payload.resize(6 + 9 * 21);
  EXPECT_FALSE(PenBatch::decode(payload));
  payload = PenBatch{1, std::vector<PenSample>(2)}.encode();
  payload[3] = 1;  // the count disagrees with the length
  EXPECT_FALSE(PenBatch::decode(payload));
}

TEST(Pen, PositionThatIsNoNumberDropsTheBatch) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [x, y] : {std::pair{kNan, 0.5F}, std::pair{0.5F, kNan}}) {
    PenBatch batch{1, std::vector<PenSample>(3)};
    EXPECT_TRUE(PenBatch::decode(batch.encode()));
    batch.samples[2].x = x;
    batch.samples[2].y = y;
    EXPECT_FALSE(PenBatch::decode(batch.encode()));
  }
}

TEST(Pen, PositionsEndAtThePicture) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  PenBatch batch{1, std::vector<PenSample>(2)};
  batch.samples[0].x = -kInfinity;
  batch.samples[0].y = kInfinity;
  batch.samples[1].x = 1.5F;
  batch.samples[1].y = -0.001F;
  const auto read = PenBatch::decode(batch.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->samples[0].x, 0.0F);
  EXPECT_EQ(read->samples[0].y, 1.0F);
  EXPECT_EQ(read->samples[1].x, 1.0F);
  EXPECT_EQ(read->samples[1].y, 0.0F);
}

TEST(Pen, UnassignedFlagsAreIgnored) {
  Bytes payload = PenBatch{7, {PenSample{}}}.encode();
  payload[2] = 0xFF;
  EXPECT_EQ(PenBatch::decode(payload), (PenBatch{7, {PenSample{}}}));
}

TEST(HidOutput, LengthsAreExact) {
  expect_exact(LightBar{15, 255, 128, 1}, 6, decode_hid_output);
  expect_exact(PlayerLeds{2, 0x1F}, 4, decode_hid_output);
  expect_exact(TrackpadHaptic{0, 1, 1000, 2000, 3}, 10, decode_hid_output);
  expect_exact(AudioControl{11, 23, {1, 2, 3, 4, 5, 6}}, 11, decode_hid_output);
  expect_exact(MicrophoneLed{3, 1}, 4, decode_hid_output);
  // These two run to the end of the datagram: at their bound, one byte more is too many.
  for (const auto& whole :
       {TriggerEffect{0, 1, Bytes(11, 7)}.encode(), RawReport{0, 1, Bytes(64, 7)}.encode()}) {
    EXPECT_TRUE(decode_hid_output(whole));
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode_hid_output(longer));
    EXPECT_FALSE(decode_hid_output(ByteView(whole).first(3)));
  }
}

TEST(HidOutput, PadsAreBounded) {
  expect_pad_checked(LightBar{}, decode_hid_output);
  expect_pad_checked(PlayerLeds{}, decode_hid_output);
  expect_pad_checked(TriggerEffect{0, 0, {1}}, decode_hid_output);
  expect_pad_checked(TrackpadHaptic{}, decode_hid_output);
  expect_pad_checked(RawReport{}, decode_hid_output);
  expect_pad_checked(AudioControl{}, decode_hid_output);
  expect_pad_checked(MicrophoneLed{}, decode_hid_output);
  EXPECT_FALSE(decode_hid_output(AudioControl{0x0100, 0, {}}.encode()));  // the high byte counts too
}

TEST(HidOutput, TriggersAndReportsKeepTheirBounds) {
  EXPECT_FALSE(TriggerEffect::decode(TriggerEffect{0, 0, {}}.encode()));
  EXPECT_FALSE(TriggerEffect::decode(TriggerEffect{0, 2, {1}}.encode()));
  EXPECT_EQ(TriggerEffect::decode(TriggerEffect{0, 0, Bytes(30, 1)}.encode())->effect.size(), 11U);
  EXPECT_TRUE(RawReport::decode(RawReport{0, 0, {}}.encode()));
  EXPECT_FALSE(RawReport::decode(RawReport{0, 2, {1}}.encode()));
  EXPECT_EQ(RawReport::decode(RawReport{0, 0, Bytes(99, 1)}.encode())->data.size(), 64U);
}

TEST(Rumble, TornTailsReadAsTheShorterForm) {
  const Rumble whole{3, 1, 65535, Rumble::Lifetime{6, 400}, Rumble::Triggers{0x1234, 0xFFFF}};
  Bytes bytes = whole.encode();
  ASSERT_EQ(bytes.size(), 14U);
  for (std::size_t length = 0; length <= 14; ++length) {
    const auto read =
        Rumble::decode(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
    ASSERT_EQ(read.has_value(), length >= 7) << length;
    if (!read) continue;
    EXPECT_EQ(read->low, 1);
    EXPECT_EQ(read->high, 65535);
    EXPECT_EQ(read->lifetime.has_value(), length >= 10) << length;
    EXPECT_EQ(read->triggers.has_value(), length >= 14) << length;
  }
  bytes.push_back(1);
  EXPECT_EQ(Rumble::decode(bytes), whole);
  bytes[0] = 0xCB;
  EXPECT_FALSE(Rumble::decode(bytes));
}

TEST(Rumble, EveryFormComesBack) {
  for (Rumble rumble : {Rumble{15, 1, 2, std::nullopt, std::nullopt},
                        Rumble{0, 1, 2, Rumble::Lifetime{255, 1}, std::nullopt}, Rumble::stop(9, 7)}) {
    EXPECT_EQ(Rumble::decode(rumble.encode()), rumble);
    rumble.pad = 16;
    EXPECT_FALSE(Rumble::decode(rumble.encode()));
    rumble.pad = 0x0100;
    EXPECT_FALSE(Rumble::decode(rumble.encode()));
  }
}

TEST(Rumble, HoldsAsLongAsTheSpecificationSays) {
  EXPECT_EQ((Rumble{0, 1, 1, std::nullopt, std::nullopt}).hold(), 1000ms);
  EXPECT_EQ((Rumble{0, 1, 1, Rumble::Lifetime{0, 400}, std::nullopt}).hold(), 400ms);
  EXPECT_EQ((Rumble{0, 1, 1, Rumble::Lifetime{0, 65535}, std::nullopt}).hold(), 5000ms);
  EXPECT_EQ(rumble_renewal(kRumbleTtl), 120ms);
  EXPECT_EQ(rumble_renewal(kMinRumbleTtl), 60ms);
  EXPECT_EQ(rumble_renewal(kMaxRumbleTtl), 1500ms);
}

TEST(Rumble, StopIsEveryMotorOff) {
  EXPECT_TRUE(Rumble::stop(0, 0).is_stop());
  EXPECT_EQ(Rumble::stop(0, 0).hold(), 0ms);
  EXPECT_TRUE((Rumble{0, 0, 0, std::nullopt, std::nullopt}).is_stop());
  EXPECT_FALSE((Rumble{0, 1, 0, std::nullopt, std::nullopt}).is_stop());
  EXPECT_FALSE((Rumble{0, 0, 0, Rumble::Lifetime{0, 1}, Rumble::Triggers{0, 1}}).is_stop());
}

// Whatever is accepted is written, read again without a change, and is then stable.
template <class AnyKind>
void expect_stable(std::uint8_t first, int kinds, AnyKind decode_any) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    Bytes payload(4 + random.engine()() % 30);
    random.fill(payload);
    payload[0] = first;
    payload[1] = static_cast<std::uint8_t>(1 + random.engine()() % static_cast<unsigned>(kinds));
    payload[2] = static_cast<std::uint8_t>(payload[2] % 18);
    payload[3] = static_cast<std::uint8_t>(payload[3] % 4);
    const auto message = decode_any(payload);
    if (!message) continue;
    ++accepted;
    const Bytes written = std::visit([](const auto& kind) { return kind.encode(); }, *message);
    const auto again = decode_any(written);
    ASSERT_TRUE(again) << to_hex(payload);
    EXPECT_TRUE(*again == *message) << to_hex(payload);
  }
  EXPECT_GT(accepted, 1000);
}

TEST(RichInput, WritingIsStable) { expect_stable(0xCC, 5, decode_rich_input); }
TEST(HidOutput, WritingIsStable) { expect_stable(0xCD, 7, decode_hid_output); }

}  // namespace
}  // namespace punktfunk::wire
