// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/reconnect.h"

#include <gtest/gtest.h>

namespace punktfunk::client {
namespace {

using endpoint::ClientEnd;
using endpoint::EndKind;
using wire::CloseCode;
using namespace std::chrono_literals;

const ClientEnd kLost{EndKind::connection_lost, CloseCode::error, "Lost."};
const ClientEnd kSilent{EndKind::timed_out, CloseCode::error, "Silent."};
const TimePoint kStart{};

TEST(Reconnect, WaitsDoubleUpToTheLongest) {
  ReconnectPolicy policy({});
  policy.on_connected();
  TimePoint now = kStart;
  EXPECT_EQ(policy.on_ended(kLost, now), 250ms);
  for (const auto wait : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms}) {
    now += 1s;
    EXPECT_EQ(policy.on_ended(kSilent, now), wait);
  }
  policy.on_connected();
  EXPECT_EQ(policy.on_ended(kLost, now), 250ms) << "a session that was open again starts over";
}

TEST(Reconnect, WhatNeverWorkedIsNotTriedAgain) {
  ReconnectPolicy policy({});
  EXPECT_FALSE(policy.on_ended(kSilent, kStart));
  EXPECT_FALSE(policy.on_ended(kLost, kStart));
}

TEST(Reconnect, GivesUpAfterItsTimeOrNever) {
  ReconnectSettings settings;
  settings.give_up_after = 10s;
  ReconnectPolicy policy(settings);
  policy.on_connected();
  EXPECT_TRUE(policy.on_ended(kLost, kStart));
  EXPECT_TRUE(policy.on_ended(kSilent, kStart + 9s));
  EXPECT_FALSE(policy.on_ended(kSilent, kStart + 9500ms)) << "the wait would end too late";
  settings.give_up_after = Duration::zero();
  ReconnectPolicy patient(settings);
  patient.on_connected();
  EXPECT_TRUE(patient.on_ended(kLost, kStart));
  EXPECT_TRUE(patient.on_ended(kSilent, kStart + 24h));
  settings.enabled = false;
  ReconnectPolicy once(settings);
  once.on_connected();
  EXPECT_FALSE(once.on_ended(kLost, kStart));
}

TEST(Reconnect, OnlyWhatMayPassIsTriedAgain) {
  const auto retried = [](EndKind kind, CloseCode code) {
    ReconnectPolicy policy({});
    policy.on_connected();
    return policy.on_ended({kind, code, "x"}, kStart).has_value();
  };
  for (const CloseCode code : {CloseCode::error, CloseCode::busy, CloseCode::host_going_down})
    EXPECT_TRUE(retried(EndKind::refused, code));
  for (const CloseCode code : {CloseCode::denied, CloseCode::access_expired, CloseCode::superseded,
                               CloseCode::setup_failed, CloseCode::pairing_not_armed})
    EXPECT_FALSE(retried(EndKind::refused, code));
  for (const EndKind kind : {EndKind::finished, EndKind::trust_failed, EndKind::protocol_error})
    EXPECT_FALSE(retried(kind, CloseCode::error));
}

}  // namespace
}  // namespace punktfunk::client
