// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/pairing_desk.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace punktfunk::control {

namespace {

using std::chrono::seconds;
using wire::CloseCode;

class PairingDeskTest : public testing::Test {
 protected:
  using Answer = std::variant<PairingDesk::Attempt, CloseCode>;
  Answer take(const char* address = "192.168.1.5") {
    return desk.take(device, *SocketAddress::parse(address, 40000), now);
  }
  static void expect_code(const Answer& answer, CloseCode code) {
    ASSERT_TRUE(std::holds_alternative<CloseCode>(answer));
    EXPECT_EQ(std::get<CloseCode>(answer), code);
  }

  SeededRandom random{20261121};
  PairingDesk desk;
  crypto::Digest device{1};
  TimePoint now{seconds(1000)};
};

TEST_F(PairingDeskTest, NothingIsArmedAtFirst) {
  EXPECT_FALSE(desk.is_armed(now));
  expect_code(take(), CloseCode::pairing_not_armed);
}

TEST_F(PairingDeskTest, APinIsFourDigitsAllEquallyLikely) {
  std::array<int, 10> seen{};
  for (int i = 0; i < 2500; ++i) {
    const std::string pin = desk.arm(now, random);
    ASSERT_EQ(pin.size(), 4u);
    for (const char digit : pin) {
      ASSERT_TRUE(digit >= '0' && digit <= '9');
      ++seen[static_cast<std::size_t>(digit - '0')];
    }
  }
  // 1000 each expected, standard deviation 30.
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST_F(PairingDeskTest, APinIsGoodForOneAttempt) {
  const std::string pin = desk.arm(now, random);
  EXPECT_EQ(std::get<PairingDesk::Attempt>(take()).pin, pin);
  EXPECT_FALSE(desk.is_armed(now));
  now += seconds(2);
  expect_code(take(), CloseCode::pairing_not_armed);
}

TEST_F(PairingDeskTest, AttemptsAreTwoSecondsApartWhateverTheirOutcome) {
  (void)desk.arm(now, random);
  (void)take();
  (void)desk.arm(now, random);
  expect_code(take(), CloseCode::pairing_rate_limit);
  now += seconds(2) - Duration(1);
  expect_code(take(), CloseCode::pairing_rate_limit);
  // What came too soon was no attempt, and left the PIN alone.
  now += Duration(1);
  EXPECT_TRUE(std::holds_alternative<PairingDesk::Attempt>(take()));
  // Turned away for another reason counts.
  now += seconds(2);
  expect_code(take(), CloseCode::pairing_not_armed);
  now += seconds(1);
  (void)desk.arm(now, random);
  expect_code(take(), CloseCode::pairing_rate_limit);
}

TEST_F(PairingDeskTest, APinIsForOneDeviceIfArmedSo) {
  crypto::Digest other{2};
  (void)desk.arm(now, random, {.only_for = other});
  expect_code(take(), CloseCode::armed_for_another_device);
  EXPECT_TRUE(desk.is_armed(now)) << "a stranger's attempt does not take it away";
  now += seconds(2);
  device = other;
  EXPECT_TRUE(std::holds_alternative<PairingDesk::Attempt>(take()));
  // The next one is for anybody again.
  device = crypto::Digest{3};
  now += seconds(2);
  (void)desk.arm(now, random);
  EXPECT_TRUE(std::holds_alternative<PairingDesk::Attempt>(take()));
}

TEST_F(PairingDeskTest, OnlyFromLocalNetworks) {
  for (const char* address : {"203.0.113.7", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8"}) {
    SCOPED_TRACE(address);
    (void)desk.arm(now, random);
    expect_code(take(address), CloseCode::pairing_not_armed);
    EXPECT_TRUE(desk.is_armed(now));
    now += seconds(2);
  }
  for (const char* address : {"127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.9", "169.254.3.4", "::1",
                              "fe80::1", "fd12::1", "::ffff:10.0.0.1"}) {
    SCOPED_TRACE(address);
    (void)desk.arm(now, random);
    EXPECT_TRUE(std::holds_alternative<PairingDesk::Attempt>(take(address)));
    now += seconds(2);
  }
}

TEST_F(PairingDeskTest, APinExpires) {
  (void)desk.arm(now, random);
  now += PairingDesk::kArmedFor - Duration(1);
  EXPECT_TRUE(desk.is_armed(now));
  now += Duration(1);
  EXPECT_FALSE(desk.is_armed(now));
  expect_code(take(), CloseCode::pairing_not_armed);
}

TEST_F(PairingDeskTest, AnExpiredPinForAnotherDeviceIsJustNotArmed) {
  (void)desk.arm(now, random, {.only_for = crypto::Digest{9}});
  now += PairingDesk::kArmedFor;
  expect_code(take(), CloseCode::pairing_not_armed);
}

TEST_F(PairingDeskTest, ArmingAgainReplacesThePin) {
  const std::string first = desk.arm(now, random);
  std::string second = desk.arm(now, random);
  while (second == first) second = desk.arm(now, random);
  EXPECT_EQ(std::get<PairingDesk::Attempt>(take()).pin, second);
}

TEST_F(PairingDeskTest, DisarmingWithdrawsIt) {
  (void)desk.arm(now, random);
  desk.disarm();
  EXPECT_FALSE(desk.is_armed(now));
  expect_code(take(), CloseCode::pairing_not_armed);
}

}  // namespace

}  // namespace punktfunk::control
