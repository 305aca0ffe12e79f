// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "seed.h"

namespace punktfunk::access {
namespace {

using testing::HasSubstr;

TEST(Grants, NothingOpensWhatIsNeverAllowed) {
  EXPECT_FALSE(allows(~std::uint32_t{0}, kNever));
  EXPECT_TRUE(allows(0, kFree));
  EXPECT_FALSE(allows(wire::kGrantPointer, wire::kGrantPointer | wire::kGrantKeyboard)) << "all of them";
}

TEST(Grants, AnInputFrameIsClassedByTheEventInIt) {
  wire::InputEvent event;
  event.kind = wire::InputKind::button_down;
  const auto bytes = event.encode();
  const wire::Frame frame{static_cast<std::uint64_t>(wire::FrameType::input_event),
                          Bytes(bytes.begin(), bytes.end())};
  EXPECT_EQ(needed(frame), wire::kGrantPointer);
  EXPECT_EQ(needed(wire::Frame{static_cast<std::uint64_t>(wire::FrameType::input_event), {}}), kNever);
  EXPECT_EQ(needed(wire::Frame{0x7777, {}}), kNever);
  EXPECT_EQ(needed(wire::Frame{static_cast<std::uint64_t>(wire::FrameType::ready), {}}), kFree);
}

TEST(Grants, GateCountsWhatItHoldsBack) {
  Gate gate;
  EXPECT_FALSE(gate.pass(wire::kGrantPointer)) << "before rights are known";
  gate.set(wire::kGrantPointer);
  EXPECT_TRUE(gate.pass(wire::kGrantPointer));
  EXPECT_TRUE(gate.pass(kFree));
  EXPECT_FALSE(gate.pass(wire::kGrantKeyboard));
  EXPECT_FALSE(gate.pass(kNever));
  EXPECT_EQ(gate.denied(), 3u);
}

TEST(Grants, WhatIsPrintedIsRead) {
  for (std::uint32_t grants = 0; grants <= wire::kGrantAll; ++grants) {
    const auto again = parse_grants(grants_text(grants));
    ASSERT_TRUE(again) << grants_text(grants);
    EXPECT_EQ(*again, grants);
  }
  EXPECT_EQ(grants_text(0), "view");
  EXPECT_EQ(grants_text(1), "controller");
  EXPECT_EQ(grants_text(0xFF), "full");
  EXPECT_EQ(grants_text(6), "pointer,keyboard");
  EXPECT_EQ(grants_text(0x106), "pointer,keyboard");
  EXPECT_EQ(grant_names(0x81).back(), "manage-games");
}

// On the wire 0x3F reads as all; that must not hand out what the operator left out.
TEST(Grants, SixGrantsStaySix) {
  EXPECT_EQ(parse_grants("gamepad,pointer,keyboard,clipboard,microphone,launch").value(), 0x3Fu);
  EXPECT_FALSE(allows(0x3F, wire::kGrantPower));
}

TEST(Grants, OtherWordsAreRefusedInASentence) {
  for (const char* text :
       {"", ",", "pointer,", "all", "Pointer", "pointer keyboard", "view,pointer", "0xFF"}) {
    const auto grants = parse_grants(text);
    ASSERT_FALSE(grants) << text;
    EXPECT_THAT(grants.error().message, HasSubstr("give view"));
  }
}

TEST(Grants, Terms) {
  EXPECT_EQ(parse_term("never").value(), (Term{Lasts::always, 0}));
  EXPECT_EQ(parse_term("session").value(), (Term{Lasts::session, 0}));
  EXPECT_EQ(parse_term("90s").value(), (Term{Lasts::until, 90}));
  EXPECT_EQ(parse_term("30m").value(), (Term{Lasts::until, 1800}));
  EXPECT_EQ(parse_term("2h").value(), (Term{Lasts::until, 7200}));
  EXPECT_EQ(parse_term("3650d").value(), (Term{Lasts::until, kMaxTermSeconds}));
  for (const char* text : {"", "h", "2", "0h", "-1h", "+1h", " 2h", "2 h", "2h ", "1.5h", "3651d", "2w",
                           "99999999999999999999s", "18446744073709551615d", "always"}) {
    const auto term = parse_term(text);
    ASSERT_FALSE(term) << text;
    EXPECT_THAT(term.error().message, HasSubstr("never"));
  }
}

TEST(Grants, AnOfferCountsFromWhenItIsGiven) {
  EXPECT_EQ((Offer{3, {Lasts::until, 60}}.given_at(1000)), (Rights{3, Lasts::until, 1060}));
  EXPECT_EQ((Offer{3, {Lasts::session, 0}}.given_at(1000)), (Rights{3, Lasts::session, 0}));
  EXPECT_EQ(Offer{}.given_at(1000), Rights{});
}

TEST(Grants, AnyTextIsReadOrRefused) {
  std::mt19937_64 random(test::new_seed());
  const std::string letters = "gamepoint,keybrdclsuhw-0123456789smhd \xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto length = random() % 24; length > 0; --length) text += letters[random() % letters.size()];
    const auto grants = parse_grants(text);
    EXPECT_TRUE(!grants || *grants <= wire::kGrantAll) << text;
    const auto term = parse_term(text);
    EXPECT_TRUE(!term || term->seconds <= kMaxTermSeconds) << text;
  }
}

}  // namespace
}  // namespace punktfunk::access
