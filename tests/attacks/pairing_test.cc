// SPDX-License-Identifier: MIT OR Apache-2.0
// Guessing the PIN, and pairing messages that come out of order, again, or early.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <set>

#include "control/pairing_desk.h"
#include "endpoint/host_events.h"
#include "pairing_peer.h"

namespace punktfunk::endpoint {

namespace {

using control::PairingDesk;

control::Identity new_device() { return control::Identity::create_ephemeral("punktfunk-client").value(); }

// ---------------------------------------------------------------------------------------- guessing
// What the rules of section 10.4 leave to a guesser: one guess for each PIN that the operator arms, and those
// at most one in two seconds.
//
//   PINs              10^4 = 10,000, equally likely
//   one armed PIN     1 guess:          1 / 10,000                     = 0.01 %
//   armed once a minute for an hour     60 guesses:  1 - (1 - 1e-4)^60   = 0.6 %
//   armed again whenever it is spent    3,600 s / 2 s = 1,800 guesses: 1 - (1 - 1e-4)^1800 = 16.5 %
//
// The last line needs an operator who reads out 1,800 PINs in an hour while none of them works: nothing in
// this program arms a PIN by itself.
double chance(std::uint64_t guesses) { return 1 - std::pow(1 - 1e-4, static_cast<double>(guesses)); }

struct GuessedHour {
  std::uint64_t guesses = 0;
  std::uint64_t too_soon = 0;
  std::uint64_t not_armed = 0;
};

// A hundred devices at as many addresses, each trying every 100 ms for an hour.
GuessedHour guess_for_an_hour(Duration armed_every) {
  PairingDesk desk;
  SeededRandom random(NodeWorld::kSeed);
  GuessedHour hour;
  const TimePoint start{seconds(1000)};
  TimePoint arm_at = start;
  for (TimePoint now = start; now < start + minutes(60); now += milliseconds(100)) {
    if (now >= arm_at && !desk.is_armed(now)) {
      (void)desk.arm(now, random);
      arm_at = now + armed_every;
    }
    for (std::uint8_t device = 0; device < 100; ++device) {
      crypto::Digest fingerprint{};
      fingerprint[0] = device;
      const auto address = *SocketAddress::parse("10.0.0." + std::to_string(device + 1), 40000);
      const auto answer = desk.take(fingerprint, address, now);
      if (std::holds_alternative<control::PairingDesk::Attempt>(answer)) {
        ++hour.guesses;
      } else if (std::get<CloseCode>(answer) == CloseCode::pairing_rate_limit) {
        ++hour.too_soon;
      } else {
        ++hour.not_armed;
      }
    }
  }
  return hour;
}

TEST(PinGuessing, AnHourGivesOneGuessForEachArmedPin) {
  static_assert(PairingDesk::kPinDigits == 4);
  const GuessedHour once_a_minute = guess_for_an_hour(minutes(1));
  EXPECT_EQ(once_a_minute.guesses, 60u);
  EXPECT_GT(once_a_minute.too_soon, 3'000'000u);
  EXPECT_LT(chance(once_a_minute.guesses), 0.006);

  const GuessedHour without_pause = guess_for_an_hour(Duration::zero());
  EXPECT_EQ(without_pause.guesses, 1800u) << "one in two seconds, however many guess";
  EXPECT_LT(chance(without_pause.guesses), 0.165);
}

TEST(PinGuessing, OfTenDevicesAtOnceOneGetsAGuessAndThePinIsSpent) {
  NodeWorld world;
  const std::string pin = world.host->arm_pairing(world.now);
  const std::string wrong = pin == "0000" ? "0001" : "0000";
  std::list<control::Identity> devices;
  std::list<PairingPeer> guessers;
  for (int i = 0; i < 10; ++i) {
    devices.push_back(new_device());
    guessers.emplace_back(world, devices.back(), wrong, "10.0.1." + std::to_string(i + 1));
  }
  for (PairingPeer& guesser : guessers) guesser.begin(guesser.request());
  world.run_for(seconds(1));
  std::size_t challenged = 0;
  for (PairingPeer& guesser : guessers) {
    if (guesser.is_challenged()) {
      ++challenged;
      EXPECT_FALSE(guesser.sees_right_pin());
      guesser.peer.write(guesser.proof());
    } else {
      EXPECT_EQ(guesser.closed(), CloseCode::pairing_rate_limit);
    }
  }
  EXPECT_EQ(challenged, 1u);
  world.run_for(seconds(1));
  for (const PairingPeer& guesser : guessers) {
    EXPECT_EQ(guesser.result(), guesser.is_challenged() ? std::optional(false) : std::nullopt);
  }
  for (const auto& device : devices) EXPECT_FALSE(world.clients->contains(device.fingerprint()));

  // The right PIN comes too late, for its owner as well.
  world.run_for(seconds(2));
  const control::Identity owner = new_device();
  PairingPeer late(world, owner, pin);
  late.begin(late.request());
  world.run_for(seconds(1));
  EXPECT_EQ(late.closed(), CloseCode::pairing_not_armed);
  EXPECT_FALSE(world.clients->contains(owner.fingerprint()));
}

// What the operator is told.
class Told final : public HostEvents {
 public:
  void pairing_failed(std::optional<CloseCode> code) override { ++(code ? refused : spent); }
  std::size_t refused = 0;
  std::size_t spent = 0;
};

TEST(PinGuessing, AGuesserWhoLeavesAfterTheChallengeHasSpentItToo) {
  Told told;
  HostConfig config;
  config.events = &told;
  NodeWorld world(config);
  const std::string pin = world.host->arm_pairing(world.now);
  const control::Identity device = new_device();
  PairingPeer guesser(world, device, pin == "0000" ? "0001" : "0000");
  guesser.begin(guesser.request());
  ASSERT_TRUE(world.run([&] { return guesser.is_challenged(); }, seconds(1)));
  EXPECT_FALSE(guesser.sees_right_pin());
  guesser.peer.quic->close(guesser.peer.id, 1, "");
  world.run_for(seconds(2));
  EXPECT_EQ(told.spent, 1u) << "and the operator hears of it";
  PairingPeer again(world, device, pin);
  again.begin(again.request());
  world.run_for(seconds(1));
  EXPECT_EQ(again.closed(), CloseCode::pairing_not_armed);
  EXPECT_FALSE(world.clients->contains(device.fingerprint()));
  EXPECT_EQ(told.refused, 1u);

  // However else it ends: a wrong proof, nonsense in its place, silence, or a lost connection.
  for (const int how : {0, 1, 2, 3}) {
    world.run_for(seconds(3));
    PairingPeer other(world, device, world.host->arm_pairing(world.now) == "0000" ? "0001" : "0000");
    other.begin(other.request());
    ASSERT_TRUE(world.run([&] { return other.is_challenged(); }, seconds(1)));
    if (how == 0) other.peer.write(other.proof());
    if (how == 1) other.peer.write(frame_of(FrameType::pair_proof, Bytes{1}));
    if (how == 3) other.peer.cut_off = true;
    world.run_for(seconds(70));
    EXPECT_EQ(told.spent, static_cast<std::size_t>(2 + how)) << how;
  }
}

// ---------------------------------------------------------------------------------------- order
enum class Line { request, proof, hello, ready };
constexpr std::array kLines = {Line::request, Line::proof, Line::hello, Line::ready};

const char* name_of(Line line) {
  constexpr std::array<const char*, 4> kNames = {"request ", "proof ", "hello ", "ready "};
  return kNames[static_cast<std::size_t>(line)];
}

Bytes without_type(Bytes stream) {
  stream.erase(stream.begin());
  return stream;
}

Bytes say(Line line, const PairingPeer& peer) {
  switch (line) {
    case Line::request:
      return peer.request();
    case Line::proof:
      return peer.proof();
    case Line::hello:
      return without_type(NodeWorld::hello_bytes());
    case Line::ready:
      return frame_of(FrameType::ready);
  }
  return {};
}

// Every sequence of one to three lines, and every order of all four.
std::vector<std::vector<Line>> sequences() {
  std::vector<std::vector<Line>> all;
  for (const Line a : kLines) {
    all.push_back({a});
    for (const Line b : kLines) {
      all.push_back({a, b});
      for (const Line c : kLines) all.push_back({a, b, c});
    }
  }
  std::array order = kLines;
  do all.emplace_back(order.begin(), order.end());
  while (std::next_permutation(order.begin(), order.end()));
  return all;
}

// `waits`: each line is answered before the next is said, so that a proof after a challenge is right. Without
// waiting, everything comes in one piece and no proof can be right.
void expect_only_the_right_order_pairs(bool waits) {
  NodeWorld world;
  for (const auto& lines : sequences()) {
    std::string trace = waits ? "waiting: " : "at once: ";
    for (const Line line : lines) trace += name_of(line);
    SCOPED_TRACE(trace);
    const control::Identity device = new_device();
    world.run_for(seconds(2));  // past the rate limit
    const std::string pin = world.host->arm_pairing(world.now);
    PairingPeer peer(world, device, pin);
    peer.begin({});
    Bytes all;
    for (const Line line : lines) {
      if (!waits) {
        append(all, say(line, peer));
        continue;
      }
      peer.peer.write(say(line, peer));
      world.run_for(milliseconds(20));
    }
    peer.peer.write(all);
    world.run_for(milliseconds(50));
    const bool is_pairing = waits && lines.size() > 1 && lines[0] == Line::request && lines[1] == Line::proof;
    EXPECT_EQ(world.clients->contains(device.fingerprint()), is_pairing);
    EXPECT_EQ(peer.result().value_or(false), is_pairing);
    EXPECT_TRUE(world.sessions.requested.empty());
    EXPECT_TRUE(world.sessions.started.empty());
    if (!peer.closed()) peer.peer.quic->close(peer.peer.id, 0, "");
    world.run_for(milliseconds(100));
  }
  EXPECT_EQ(world.host->session_count(), 0u);
}

TEST(PairingOrder, OnlyRequestThenProofPairs) { expect_only_the_right_order_pairs(true); }

TEST(PairingOrder, AProofBeforeTheChallengeNeverPairs) { expect_only_the_right_order_pairs(false); }

TEST(PairingOrder, ARecordedPairingSaysNothingAnew) {
  // Everything a device said in a pairing that succeeded, byte for byte, with the same PIN armed again or
  // not.
  NodeWorld world;
  const control::Identity owner = new_device();
  PairingPeer peer(world, owner, world.host->arm_pairing(world.now));
  const Bytes request = peer.request();
  peer.begin(request);
  ASSERT_TRUE(world.run([&] { return peer.is_challenged(); }, seconds(1)));
  const Bytes proof = peer.proof();
  peer.peer.write(proof);
  ASSERT_TRUE(world.run([&] { return peer.result() == true; }, seconds(1)));

  const control::Identity thief = new_device();
  for (const bool armed : {false, true}) {
    world.run_for(seconds(3));
    if (armed) (void)world.host->arm_pairing(world.now);
    PairingPeer replay(world, thief, "0000");
    replay.begin(request);
    world.run_for(milliseconds(50));
    replay.peer.write(proof);
    world.run_for(milliseconds(50));
    EXPECT_EQ(replay.is_challenged(), armed);
    EXPECT_FALSE(replay.result().value_or(false));
    EXPECT_FALSE(world.clients->contains(thief.fingerprint()));
  }
}

}  // namespace

}  // namespace punktfunk::endpoint
