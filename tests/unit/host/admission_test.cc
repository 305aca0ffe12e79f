// SPDX-License-Identifier: MIT OR Apache-2.0
// Who is let in beside whom.
#include "host/session/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "seed.h"

namespace punktfunk::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Admission::Verdict;
using Ids = std::vector<endpoint::SessionId>;

constexpr wire::Mode kMode{1280, 720, 60};
constexpr wire::Mode kOther{1920, 1080, 60};
constexpr TimePoint kNow{seconds(1000)};

control::Fingerprint device(std::uint8_t number) {
  control::Fingerprint out{};
  out[0] = number;
  return out;
}

wire::SessionId wire_id(std::uint8_t number) {
  wire::SessionId out{};
  out[15] = number;
  return out;
}

// Streams and was heard of just now, after every newcomer asked.
RunningSession session(endpoint::SessionId id, std::uint8_t of) {
  RunningSession out;
  out.id = id;
  out.fingerprint = device(of);
  out.device_name = "Living room TV";
  out.since = "20:14";
  out.mode = kMode;
  out.display = static_cast<std::uint32_t>(id);
  out.wire_id = wire_id(static_cast<std::uint8_t>(id));
  out.last_heard = kNow;
  return out;
}

Newcomer newcomer(std::uint8_t of) {
  Newcomer out;
  out.fingerprint = device(of);
  out.mode = kMode;
  out.asked = kNow - milliseconds(200);
  return out;
}

TEST(Admission, AnEmptyHostTakesAnybody) {
  for (const auto policy : {WhenBusy::separate, WhenBusy::join, WhenBusy::take_over, WhenBusy::refuse}) {
    const auto answer = admit({.when_busy = policy}, true, {}, newcomer(1), kNow);
    EXPECT_EQ(answer.verdict, Verdict::admit);
    EXPECT_FALSE(answer.join);
    EXPECT_TRUE(answer.retire.empty() && answer.take_over.empty());
  }
}

TEST(Admission, ThePolicyDecidesBesideAnotherDevice) {
  const std::vector<RunningSession> running = {session(1, 1), session(2, 2)};
  auto answer = admit({.when_busy = WhenBusy::separate}, true, running, newcomer(3), kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_FALSE(answer.join);
  answer = admit({.when_busy = WhenBusy::join}, true, running, newcomer(3), kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_EQ(answer.join, 1u);
  answer = admit({.when_busy = WhenBusy::take_over}, true, running, newcomer(3), kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_EQ(answer.take_over, (Ids{1, 2}));
  answer = admit({.when_busy = WhenBusy::refuse}, true, running, newcomer(3), kNow);
  EXPECT_EQ(answer.verdict, Verdict::refuse);
  EXPECT_EQ(
      answer.reason,
      "The host is busy: \"Living room TV\" has been streaming since 20:14. Try again once that session "
      "is over.");
}

TEST(Admission, WithoutDisplaysThereIsNothingToJoin) {
  const auto answer = admit({.when_busy = WhenBusy::join}, false, {session(1, 1)}, newcomer(2), kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_FALSE(answer.join);
}

TEST(Admission, ADisplayThatStartsIsWaitedFor) {
  std::vector<RunningSession> running = {session(1, 1)};
  running[0].display = 0;
  const auto answer = admit({.when_busy = WhenBusy::join}, true, running, newcomer(2), kNow);
  EXPECT_EQ(answer.verdict, Verdict::wait);
  EXPECT_EQ(answer.again, kNow + kLookAgain);
}

TEST(Admission, SpeedTestsDisturbNobodyAndNobodyThem) {
  auto test = newcomer(2);
  test.is_probe_only = true;
  auto answer = admit({.when_busy = WhenBusy::refuse}, true, {session(1, 1)}, test, kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  // Of the streaming device itself, whose session may be silent for all it cares.
  test.fingerprint = device(1);
  std::vector<RunningSession> running = {session(1, 1)};
  running[0].last_heard = kNow - seconds(5);
  answer = admit({}, true, running, test, kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_TRUE(answer.retire.empty());
  // One that runs is no reason to refuse, and has no display to join.
  running = {session(1, 1)};
  running[0].is_probe_only = true;
  for (const auto policy : {WhenBusy::refuse, WhenBusy::join, WhenBusy::take_over}) {
    answer = admit({.when_busy = policy}, true, running, newcomer(2), kNow);
    EXPECT_EQ(answer.verdict, Verdict::admit);
    EXPECT_FALSE(answer.join);
    EXPECT_TRUE(answer.take_over.empty());
  }
}

TEST(Admission, WhatALostConnectionLeftBehindEndsFirst) {
  std::vector<RunningSession> running = {session(1, 1), session(2, 2)};
  running[0].last_heard = kNow - kSilentFor;
  auto comer = newcomer(1);
  comer.asked = kNow - milliseconds(1);
  // Under the strictest policy and the tightest limit: it is no other session.
  auto answer = admit({.when_busy = WhenBusy::separate, .max_sessions = 2, .max_encoders = 2}, true, running,
                      comer, kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_EQ(answer.retire, Ids{1});
  running.pop_back();
  answer = admit({.when_busy = WhenBusy::refuse, .max_sessions = 1}, true, running, comer, kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_EQ(answer.retire, Ids{1});
  EXPECT_TRUE(answer.take_over.empty());
}

TEST(Admission, WhetherAnOlderSessionLivesIsWaitedFor) {
  std::vector<RunningSession> running = {session(1, 1)};
  auto comer = newcomer(1);
  comer.asked = kNow;
  running[0].last_heard = kNow - milliseconds(300);
  auto answer = admit({}, true, running, comer, kNow);
  EXPECT_EQ(answer.verdict, Verdict::wait);
  EXPECT_EQ(answer.again, kNow + kLookAgain);
  // Nothing comes.
  TimePoint at = kNow;
  while (answer.verdict == Verdict::wait) {
    EXPECT_GT(answer.again, at) << "it would spin";
    at = answer.again;
    answer = admit({}, true, running, comer, at);
  }
  EXPECT_EQ(at, running[0].last_heard + kSilentFor);
  EXPECT_EQ(answer.retire, Ids{1});
  // Or something does: two programs of one device, on purpose.
  running[0].last_heard = kNow + milliseconds(10);
  answer = admit({}, true, running, comer, kNow + kLookAgain);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_TRUE(answer.retire.empty());
}

TEST(Admission, TheSessionThatIsNamedEndsAtOnce) {
  const std::vector<RunningSession> running = {session(1, 1), session(2, 1)};
  auto comer = newcomer(1);
  comer.resume = wire_id(1);
  comer.mode = kOther;
  const auto answer = admit({.max_sessions = 2, .max_encoders = 2}, true, running, comer, kNow);
  EXPECT_EQ(answer.verdict, Verdict::admit);
  EXPECT_EQ(answer.retire, Ids{1});
}

TEST(Admission, NobodyResumesTheSessionOfAnotherDevice) {
  auto comer = newcomer(2);
  comer.resume = wire_id(1);
  const auto answer = admit({.when_busy = WhenBusy::refuse}, true, {session(1, 1)}, comer, kNow);
  EXPECT_EQ(answer.verdict, Verdict::refuse);
  EXPECT_TRUE(answer.retire.empty());
}

TEST(Admission, OneDeviceTwiceOnPurpose) {
  // In the same mode it looks at its own display, whatever the policy.
  for (const auto policy : {WhenBusy::separate, WhenBusy::join, WhenBusy::take_over, WhenBusy::refuse}) {
    const auto answer = admit({.when_busy = policy}, true, {session(1, 1)}, newcomer(1), kNow);
    EXPECT_EQ(answer.verdict, Verdict::admit);
    EXPECT_EQ(answer.join, 1u);
    EXPECT_TRUE(answer.retire.empty() && answer.take_over.empty());
  }
  // In another the policy decides, as for a stranger.
  auto comer = newcomer(1);
  comer.mode = kOther;
  EXPECT_FALSE(admit({}, true, {session(1, 1)}, comer, kNow).join);
  EXPECT_EQ(admit({.when_busy = WhenBusy::refuse}, true, {session(1, 1)}, comer, kNow).verdict,
            Verdict::refuse);
  // And not without end.
  const std::vector<RunningSession> many = {session(1, 1), session(2, 1), session(3, 1), session(4, 1)};
  EXPECT_EQ(admit({}, true, many, newcomer(1), kNow).verdict, Verdict::refuse);
  EXPECT_EQ(admit({}, true, many, newcomer(2), kNow).verdict, Verdict::admit);
}

TEST(Admission, LimitsSayWho) {
  std::vector<RunningSession> running = {session(1, 1), session(2, 2)};
  auto answer = admit({.max_sessions = 2}, true, running, newcomer(3), kNow);
  EXPECT_EQ(answer.verdict, Verdict::refuse);
  EXPECT_EQ(answer.reason,
            "The host already serves as many sessions as it may (2); \"Living room TV\" has been streaming "
            "since 20:14. Try again once one of them is over.");
  EXPECT_EQ(admit({.max_encoders = 2}, true, running, newcomer(3), kNow).verdict, Verdict::refuse);
  EXPECT_EQ(admit({.max_encoders = 3}, true, running, newcomer(3), kNow).verdict, Verdict::admit);
  running[0].is_probe_only = true;
  EXPECT_EQ(admit({.max_encoders = 2}, true, running, newcomer(3), kNow).verdict, Verdict::admit);
  running[1].is_leaving = true;
  EXPECT_EQ(admit({.max_sessions = 2}, true, running, newcomer(3), kNow).verdict, Verdict::admit);
  // Joining needs an encoder of its own.
  EXPECT_EQ(admit({.when_busy = WhenBusy::join, .max_encoders = 1}, true, {session(1, 1)}, newcomer(2), kNow)
                .verdict,
            Verdict::refuse);
}

// Whatever runs and whoever comes: nobody is harmed without a reason, and no limit is passed.
TEST(Admission, RandomSituationsKeepTheInvariants) {
  std::mt19937_64 random(test::new_seed());
  const auto pick = [&random](std::uint64_t below) { return random() % below; };
  for (int round = 0; round < 20'000; ++round) {
    AdmissionPolicy policy;
    policy.when_busy = static_cast<WhenBusy>(pick(4));
    policy.max_sessions = 1 + pick(6);
    policy.max_encoders = 1 + pick(6);
    std::vector<RunningSession> running;
    for (std::size_t i = 0, count = pick(7); i < count; ++i) {
      RunningSession one = session(i + 1, static_cast<std::uint8_t>(pick(3)));
      one.is_probe_only = pick(4) == 0;
      one.is_leaving = pick(5) == 0;
      if (one.is_probe_only || pick(5) == 0) one.display = 0;
      if (pick(4) == 0) one.wire_id.reset();
      if (pick(2) == 0) one.mode = kOther;
      one.last_heard = kNow - milliseconds(pick(4000));
      running.push_back(one);
    }
    Newcomer comer = newcomer(static_cast<std::uint8_t>(pick(3)));
    comer.is_probe_only = pick(5) == 0;
    comer.asked = kNow - milliseconds(pick(2000));
    if (pick(3) == 0) comer.resume = wire_id(static_cast<std::uint8_t>(pick(7)));
    const bool has_displays = pick(4) != 0;
    const Admission answer = admit(policy, has_displays, running, comer, kNow);
    if (answer.verdict != Verdict::admit) {
      EXPECT_TRUE(answer.retire.empty() && answer.take_over.empty()) << "harm without gain";
      if (answer.verdict == Verdict::wait) {
        EXPECT_GT(answer.again, kNow);
        EXPECT_LE(answer.again, kNow + kLookAgain);
      } else {
        EXPECT_FALSE(answer.reason.empty());
        EXPECT_LE(answer.reason.size(), 256u);
      }
      continue;
    }
    std::set<endpoint::SessionId> gone(answer.retire.begin(), answer.retire.end());
    for (const auto id : answer.retire) {
      const RunningSession& old = running.at(id - 1);
      EXPECT_EQ(old.fingerprint, comer.fingerprint);
      EXPECT_TRUE((comer.resume && old.wire_id == comer.resume) || kNow - old.last_heard >= kSilentFor);
    }
    if (policy.when_busy != WhenBusy::take_over) {
      EXPECT_TRUE(answer.take_over.empty());
    }
    for (const auto id : answer.take_over) {
      EXPECT_TRUE(gone.insert(id).second);
      EXPECT_FALSE(running.at(id - 1).is_probe_only);
    }
    std::size_t sessions = 1;
    std::size_t encoders = comer.is_probe_only ? 0 : 1;
    for (const auto& one : running) {
      if (one.is_leaving || gone.contains(one.id)) continue;
      ++sessions;
      if (!one.is_probe_only) ++encoders;
      if (policy.when_busy == WhenBusy::refuse && !one.is_probe_only && !comer.is_probe_only) {
        EXPECT_TRUE(answer.join) << "it may look at its own display, and no more";
        EXPECT_EQ(running.at(*answer.join - 1).fingerprint, comer.fingerprint);
      }
    }
    EXPECT_LE(sessions, policy.max_sessions);
    if (!comer.is_probe_only) {
      EXPECT_LE(encoders, policy.max_encoders);
    }
    if (answer.join) {
      const RunningSession& host = running.at(*answer.join - 1);
      EXPECT_TRUE(has_displays);
      EXPECT_NE(host.display, 0u);
      EXPECT_FALSE(host.is_leaving || gone.contains(host.id));
    }
    if (HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace punktfunk::host
