// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/approval_desk.h"

#include <gtest/gtest.h>

#include <string>

namespace punktfunk::control {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::CloseCode;

class ApprovalDeskTest : public testing::Test {
 protected:
  using Answer = std::variant<ApprovalDesk::Parked, CloseCode>;
  static crypto::Digest device(unsigned number) {
    crypto::Digest fingerprint{};
    fingerprint[0] = static_cast<std::uint8_t>(number);
    fingerprint[1] = static_cast<std::uint8_t>(number >> 8);
    return fingerprint;
  }
  Answer knock(ConnectionId connection, unsigned who, const std::string& ip = "192.168.1.5",
               const std::string& name = "Couch") {
    return desk.knock(connection, device(who), name, *SocketAddress::parse(ip, 40000), now);
  }
  static ApprovalDesk::Parked parked(const Answer& answer) {
    EXPECT_TRUE(std::holds_alternative<ApprovalDesk::Parked>(answer));
    const auto* found = std::get_if<ApprovalDesk::Parked>(&answer);
    return found != nullptr ? *found : ApprovalDesk::Parked{};
  }
  static void expect_refused(const Answer& answer, CloseCode code) {
    ASSERT_TRUE(std::holds_alternative<CloseCode>(answer));
    EXPECT_EQ(std::get<CloseCode>(answer), code);
  }

  ApprovalDesk desk;
  TimePoint now{seconds(1000)};
};

TEST_F(ApprovalDeskTest, ListsWhoAsks) {
  EXPECT_TRUE(desk.list(now).empty());
  const auto first = parked(knock(7, 1, "192.168.1.5", " Couch\x1b[2J\xE2\x80\xAE "));
  now += seconds(3);
  const auto second = parked(knock(8, 2, "fe80::1", "\t"));
  EXPECT_TRUE(first.is_new && second.is_new);
  EXPECT_NE(first.id, 0u);
  EXPECT_NE(first.id, second.id);
  const auto& list = desk.list(now);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, first.id);
  EXPECT_EQ(list[0].name, "Couch[2J") << "no control or direction characters reach the operator's terminal";
  EXPECT_EQ(list[0].fingerprint, device(1));
  EXPECT_EQ(list[0].connection, ConnectionId{7});
  EXPECT_EQ(now - list[0].since, seconds(3));
  EXPECT_EQ(list[1].name, "Unnamed device");
  EXPECT_EQ(desk.find(second.id, now)->fingerprint, device(2));
  EXPECT_FALSE(desk.find(0, now));
  EXPECT_FALSE(desk.find(second.id + 1, now));
}

TEST_F(ApprovalDeskTest, ANewerKnockTakesTheEntryOver) {
  const auto first = parked(knock(7, 1));
  EXPECT_FALSE(first.superseded);
  now += seconds(100);
  const auto second = parked(knock(8, 1));
  EXPECT_EQ(second.superseded, ConnectionId{7});
  EXPECT_EQ(second.id, first.id) << "what the operator read stays true";
  EXPECT_FALSE(second.is_new);
  ASSERT_EQ(desk.list(now).size(), 1u);
  desk.leave(7);  // the older connection, when it is closed
  ASSERT_EQ(desk.list(now).size(), 1u);
  EXPECT_EQ(desk.list(now)[0].connection, ConnectionId{8});
  EXPECT_EQ(desk.list(now)[0].since, now);
  // From elsewhere it gets a new number: the address is among what the operator read.
  const auto third = parked(knock(9, 1, "192.168.1.6"));
  EXPECT_EQ(third.superseded, ConnectionId{8});
  EXPECT_NE(third.id, first.id);
  EXPECT_EQ(desk.list(now).size(), 1u);
  EXPECT_FALSE(desk.find(first.id, now));
}

TEST_F(ApprovalDeskTest, WhoeverGivesUpIsGone) {
  const auto entry = parked(knock(7, 1));
  desk.leave(7);
  EXPECT_TRUE(desk.list(now).empty());
  EXPECT_FALSE(desk.find(entry.id, now));
  EXPECT_FALSE(desk.settle(device(1)));
  EXPECT_NE(parked(knock(8, 1)).id, entry.id) << "a number is never used twice";
}

TEST_F(ApprovalDeskTest, AnEntryOutlivesItsWindowForTenMinutes) {
  const auto entry = parked(knock(7, 1));
  now += seconds(180);
  desk.stop_waiting(7);
  desk.leave(7);  // the connection's end comes after it
  ASSERT_TRUE(desk.find(entry.id, now));
  EXPECT_FALSE(desk.find(entry.id, now)->connection);
  now += minutes(7) - seconds(1);
  EXPECT_EQ(desk.list(now).size(), 1u);
  now += seconds(1);
  EXPECT_FALSE(desk.find(entry.id, now));
  EXPECT_TRUE(desk.list(now).empty());
}

TEST_F(ApprovalDeskTest, SettledOnce) {
  const auto entry = parked(knock(7, 1));
  parked(knock(8, 2));
  EXPECT_EQ(desk.settle(device(1)), ConnectionId{7});
  EXPECT_FALSE(desk.settle(device(1)));
  EXPECT_FALSE(desk.find(entry.id, now));
  EXPECT_EQ(desk.list(now).size(), 1u);
}

TEST_F(ApprovalDeskTest, OnlyFromLocalNetworks) {
  ConnectionId connection = 1;
  unsigned who = 1;
  for (const char* ip : {"203.0.113.7", "2001:db8::1", "100.64.0.1", "::ffff:8.8.8.8"}) {
    SCOPED_TRACE(ip);
    expect_refused(knock(connection++, who++, ip), CloseCode::pairing_not_armed);
  }
  EXPECT_TRUE(desk.list(now).empty());
  for (const char* ip : {"127.0.0.1", "::1", "10.1.2.3", "169.254.1.1", "fd00::1"}) {
    SCOPED_TRACE(ip);
    parked(knock(connection++, who++, ip));
  }
}

TEST_F(ApprovalDeskTest, FourForEachAddress) {
  ConnectionId connection = 1;
  for (unsigned who = 0; who < 4; ++who) parked(knock(connection++, who));
  expect_refused(knock(connection++, 4), CloseCode::busy);
  // The IPv6 form of the same address is the same address.
  expect_refused(knock(connection++, 4, "::ffff:192.168.1.5"), CloseCode::busy);
  EXPECT_FALSE(parked(knock(connection++, 3)).is_new) << "who is in the list may ask again";
  // A move from elsewhere does not pass the bound, and costs the device nothing.
  const auto elsewhere = parked(knock(50, 9, "192.168.1.6"));
  expect_refused(knock(connection++, 9), CloseCode::busy);
  ASSERT_TRUE(desk.find(elsewhere.id, now));
  EXPECT_EQ(desk.find(elsewhere.id, now)->connection, ConnectionId{50});
  // Who waited in vain makes room.
  desk.stop_waiting(1);
  parked(knock(connection++, 4));
  EXPECT_FALSE(desk.settle(device(0)));
  expect_refused(knock(connection++, 5), CloseCode::busy);
}

TEST_F(ApprovalDeskTest, AThousandKnocksAreThirtyTwoEntries) {
  for (unsigned who = 0; who < 1000; ++who) {
    const auto answer = knock(who, who, "10.0.0." + std::to_string(who % 250));
    if (who < 32) {
      parked(answer);
    } else {
      expect_refused(answer, CloseCode::busy);
    }
    ASSERT_LE(desk.list(now).size(), 32u);
  }
  for (unsigned who = 0; who < 32; ++who) EXPECT_EQ(desk.settle(device(who)), ConnectionId{who});
  EXPECT_TRUE(desk.list(now).empty());
  // Those that no longer wait do not keep anybody out.
  for (unsigned who = 0; who < 32; ++who) {
    parked(knock(who, who, "10.0.1." + std::to_string(who)));
    desk.stop_waiting(who);
  }
  parked(knock(100, 100));
  EXPECT_EQ(desk.list(now).size(), 32u);
  EXPECT_FALSE(desk.settle(device(0))) << "the oldest went";
}

}  // namespace

}  // namespace punktfunk::control
